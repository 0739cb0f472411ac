/** VirtualBox's errors in the words of the contract: by result code and status symbol, never by text, which is translated. */
import { AzlVmError, isAzlVmError, type ErrorCode } from '../../src/errors.ts'
import type { ProgramResult } from '../../src/host/run-program.ts'

/** Result codes of VirtualBox's API (VirtualBox.xidl), and COM's own for a lack of rights. */
const codes: Readonly<Record<string, ErrorCode>> = {
  '0x80bb0001': 'machine-not-found', // VBOX_E_OBJECT_NOT_FOUND
  '0x80bb0002': 'resource-busy', // VBOX_E_INVALID_VM_STATE
  '0x80bb0007': 'resource-busy', // VBOX_E_INVALID_OBJECT_STATE
  '0x80bb0009': 'not-supported', // VBOX_E_NOT_SUPPORTED
  '0x80bb000b': 'resource-busy', // VBOX_E_INVALID_SESSION_STATE
  '0x80bb000c': 'resource-busy', // VBOX_E_OBJECT_IN_USE
  '0x80bb0012': 'not-supported', // VBOX_E_PLATFORM_ARCH_NOT_SUPPORTED
  '0x80070005': 'permission-denied', // E_ACCESSDENIED
}

interface Symptom {
  readonly symbol: RegExp
  readonly code: ErrorCode
  readonly hint: string
}

/** Status symbols of VirtualBox's runtime (VBox/err.h), which stand in its messages in every language. */
const symptoms: readonly Symptom[] = [
  {
    symbol: /\bVERR_DISK_FULL\b/,
    code: 'no-space',
    hint: 'Free some space where the machine’s files are, or name another place: storage.path.',
  },
  {
    symbol: /\bVERR_(?:ACCESS_DENIED|WRITE_PROTECT)\b/,
    code: 'permission-denied',
    hint: 'See that this account may read the medium and write where the machine’s files are.',
  },
  {
    // A folder that cannot be made is told so too, by a file system that has nothing to make it in (/proc, seen).
    symbol: /\bVERR_(?:FILE|PATH)_NOT_FOUND\b/,
    code: 'path-not-found',
    hint: 'See that the medium still lies where it did, and that a folder can be made where the machine’s files are: storage.path.',
  },
  {
    // suplibOsInit says the number: Error -1908
    symbol: /\bVERR_VM_DRIVER_(?:NOT_INSTALLED|NOT_ACCESSIBLE|OPEN_ERROR|LOAD_ERROR)\b|\berror -190[789]\b/i,
    code: 'host-not-ready',
    hint:
      'VirtualBox’s kernel driver is not loaded. On Linux: `sudo modprobe vboxdrv`; where that finds none, `sudo /sbin/vboxconfig`. ' +
      'On Windows: `sc.exe start vboxsup` as administrator. Where that fails, install VirtualBox anew.',
  },
  {
    symbol: /\bVERR_(?:SVM_IN_USE|VMX_IN_VMX_ROOT_MODE)\b/,
    code: 'host-not-ready',
    hint:
      'Another hypervisor holds the processor’s virtualization: switch its machines off. On Linux that is usually KVM, and from ' +
      'Linux 6.12 on it holds it as long as it is loaded: `sudo modprobe -r kvm_intel kvm_amd kvm`, or update VirtualBox to 7.2.10.',
  },
  {
    symbol:
      /\bVERR_(?:SVM|VMX)_(?:DISABLED|MSR_\w*DISABLED|NO_(?:SVM|VMX))\b|\bVERR_(?:NEM_VM_CREATE_FAILED|NEM_NOT_AVAILABLE)\b/,
    code: 'host-not-ready',
    hint: 'Switch hardware virtualization (VT-x, AMD-V) on in the computer’s firmware.',
  },
  {
    symbol: /\bVERR_NO_TRANSLATION\b/,
    code: 'host-not-ready',
    hint: 'A path has letters that the locale has not: set one with UTF-8, for example LC_ALL=C.UTF-8.',
  },
]

const codePattern = /\((0x[0-9a-f]{8})\)/i // Details: code VBOX_E_OBJECT_NOT_FOUND (0x80bb0001), component …

/** The result code in what VBoxManage said, lower case. */
export function resultCode({ stderr }: Pick<ProgramResult, 'stderr'>): string | undefined {
  return codePattern.exec(stderr)?.[1]?.toLowerCase()
}

export const objectNotFound = '0x80bb0001'

/** The first message, without VBoxManage's own name. */
const messagePattern = /^VBox\w+: error: (?!Details:|Context:)(.*)$/gm // VBoxManage: error: The machine 't1' is …

/**
 * What may pass in a moment: another program has the machine or had it until now (VBOX_E_INVALID_OBJECT_STATE), or it ended
 * while VBoxManage spoke to it (VBOX_E_INVALID_SESSION_STATE, or E_ACCESSDENIED: "The object is not ready", seen). Or
 * VBoxManage found no VBoxSVC to ask, which was ending or which two programs began at once (E_FAIL that no component
 * details, seen): then nothing was asked. On Linux one that has begun to end, 5 s after the last question, carries the
 * messages of programs that end too, and until the last of them is gone no other VBoxSVC can begin. Or VBoxSVC let the
 * question go, about a machine whose session was just ending (E_ABORT likewise, seen).
 */
const passingPattern = /\(0x(?:80bb0007|80bb000b|80070005)\)|error: Code \w+ \(0x8000400[45]\)/i // VBoxManage: error: Code NS_ERROR_FAILURE (0x80004005) - Operation failed …

export function isPassing(error: unknown): boolean {
  return isAzlVmError(error) && error.evidence.some((line) => passingPattern.test(line))
}

/** What a program of VirtualBox failed with, as an error that names the action and keeps all that was said. */
export function failureOf(result: Pick<ProgramResult, 'stderr' | 'exitCode'>, action: string): AzlVmError {
  const { stderr, exitCode } = result
  const lines = stderr
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^(?:\d+%\.*)+/.test(line)) // 0%...10%...
  const said = [...stderr.matchAll(messagePattern)].map(([, text = '']) => text.trim())
  const message = said.length > 0 ? said.join('; ') : (lines[0] ?? `it ended with ${String(exitCode ?? 'a signal')}`)
  const symptom = symptoms.find(({ symbol }) => symbol.test(stderr))
  return new AzlVmError(
    symptom?.code ?? codes[resultCode(result) ?? ''] ?? 'backend-failed',
    `cannot ${action}: ${message}`,
    { evidence: lines, ...(symptom === undefined ? {} : { hint: symptom.hint }) },
  )
}
