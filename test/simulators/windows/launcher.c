/*
 * NAME.exe for tests on Windows: runs Windows' Node on the script NAME.mjs with the arguments as they came, and ends as
 * that does. AZL_TOOL_NODE is the Node, AZL_TOOL_SCRIPTS the folder of the scripts. It needs kernel32 only, so that
 * clang and lld build it on Linux without a Windows SDK.
 */
typedef unsigned short wchar;
typedef unsigned long dword;
typedef void *handle;

typedef struct {
  dword size;
  wchar *reserved, *desktop, *title;
  dword x, y, width, height, columns, rows, fill, flags;
  unsigned short show, reservedSize;
  unsigned char *reservedBytes;
  handle input, output, error;
} StartupInfo;

typedef struct {
  handle process, thread;
  dword processId, threadId;
} ProcessInformation;

#define WINDOWS __declspec(dllimport)
WINDOWS wchar *GetCommandLineW(void);
WINDOWS dword GetModuleFileNameW(handle module, wchar *name, dword size);
WINDOWS dword GetEnvironmentVariableW(const wchar *name, wchar *value, dword size);
WINDOWS int CreateProcessW(const wchar *program, wchar *line, void *process, void *thread, int inherits, dword flags,
                           void *environment, const wchar *folder, StartupInfo *startup, ProcessInformation *made);
WINDOWS void GetStartupInfoW(StartupInfo *startup);
WINDOWS dword WaitForSingleObject(handle object, dword milliseconds);
WINDOWS int GetExitCodeProcess(handle process, dword *code);
WINDOWS __declspec(noreturn) void ExitProcess(dword code);

enum { longestName = 4096, longestLine = 40000, forever = 0xFFFFFFFF, cannotStart = 9009 };

/* Not on the stack: that would need a probe of its pages. */
static wchar node[longestName], scripts[longestName], own[longestName], line[longestLine];
static StartupInfo startup;
static ProcessInformation made;

static wchar *put(wchar *end, const wchar *text) {
  while (*text) *end++ = *text++;
  return end;
}

/* The part of NAME.exe's path between its last backslash and its extension. */
static const wchar *ownName(void) {
  dword length = GetModuleFileNameW(0, own, longestName), start = length;
  while (start > 0 && own[start - 1] != '\\') start--;
  own[length - 4] = 0;
  return own + start;
}

/* Behind the program's own name, which may be quoted and never holds a quote. */
static const wchar *givenArguments(void) {
  const wchar *rest = GetCommandLineW();
  int isQuoted = 0;
  for (; *rest && (isQuoted || (*rest != ' ' && *rest != '\t')); rest++)
    if (*rest == '"') isQuoted = !isQuoted;
  return rest;
}

void start(void) {
  dword code = cannotStart;
  GetEnvironmentVariableW(L"AZL_TOOL_NODE", node, longestName);
  GetEnvironmentVariableW(L"AZL_TOOL_SCRIPTS", scripts, longestName);
  wchar *end = put(put(put(line, L"\""), node), L"\" \"");
  end = put(put(put(put(end, scripts), L"\\"), ownName()), L".mjs\"");
  put(end, givenArguments());
  GetStartupInfoW(&startup);
  if (CreateProcessW(node, line, 0, 0, 1, 0, 0, 0, &startup, &made)) {
    WaitForSingleObject(made.process, forever);
    GetExitCodeProcess(made.process, &code);
  }
  ExitProcess(code);
}
