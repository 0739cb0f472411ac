/* Only its import library is used: the names that launcher.c asks Windows' own kernel32.dll for. */
#define NAME(name) \
  __declspec(dllexport) void name(void) {}
NAME(CreateProcessW)
NAME(ExitProcess)
NAME(GetCommandLineW)
NAME(GetEnvironmentVariableW)
NAME(GetExitCodeProcess)
NAME(GetModuleFileNameW)
NAME(GetStartupInfoW)
NAME(WaitForSingleObject)
