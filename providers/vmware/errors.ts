/**
 * What vmrun and its like say, as errors of ours. They end with 255 or -1 whatever it was and tell the reason on stdout, in
 * English: the text is all that there is. What is not in the table is backend-failed with all that was said.
 */
import { AzlVmError, type ErrorCode } from '../../src/errors.ts'
import type { ProgramResult } from '../../src/host/run-program.ts'

interface Row {
  readonly says: RegExp
  readonly code: ErrorCode
  readonly hint?: string
  /** Where the text was read. */
  readonly source: string
}

const rows: readonly Row[] = [
  {
    says: /The virtual machine is not powered on/,
    code: 'resource-busy',
    source: 'cbednarski/lovm, public logs',
  },
  {
    says: /(?:Insufficient permissions|You do not have access rights|Access (?:is )?denied)/i,
    code: 'permission-denied',
    hint: 'Look whose files the machine’s folder holds; VMware runs it as the user who starts it.',
    source: 'VIX_E_FILE_ACCESS_ERROR and public reports',
  },
  {
    says: /(?:already in use|appears to be in use|is locked)/i,
    code: 'resource-busy',
    hint: 'Another program has the machine open: close it in VMware’s window, or end what holds it.',
    source: 'VIX_E_FILE_ALREADY_LOCKED and public reports',
  },
  {
    says: /(?:not enough (?:disk )?space|insufficient disk space|no space left)/i,
    code: 'no-space',
    hint: 'Free space on that disk, or name another folder in the spec: storage.path.',
    source: 'VIX_E_DISK_FULL and public reports',
  },
  {
    // Cannot open VM alone stands before any reason.
    says: /virtual machine cannot be found/i,
    code: 'machine-not-found',
    source: 'VIX_E_VM_NOT_FOUND and public reports',
  },
]

/** The error of a tool that ended with anything but 0; `evidence`: what the machine's own log says of it. */
export function toolError(action: string, result: ProgramResult, evidence: readonly string[] = []): AzlVmError {
  const said = `${result.stdout}\n${result.stderr}`.trim().replaceAll(/\s*\n\s*/g, '; ')
  const row = rows.find(({ says }) => says.test(said))
  const code = `exit code ${result.exitCode === undefined ? 'none, it was killed' : String(result.exitCode)}`
  return new AzlVmError(
    row?.code ?? 'backend-failed',
    `${action} failed: ${said === '' ? 'VMware said nothing' : said} (${code})`,
    {
      evidence,
      ...(row?.hint === undefined ? {} : { hint: row.hint }),
    },
  )
}
