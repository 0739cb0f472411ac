/** Hyper-V's errors in the words of the contract: by id and HRESULT, never by message text, which is translated. */
import { AzlVmError, isAzlVmError, type ErrorCode } from '../../src/errors.ts'
import table from './error-table.json' with { type: 'json' }
import type { Failure } from './protocol.ts'
import { VerbError } from './worker.ts'

interface Row {
  readonly errorId?: string
  readonly hresult?: string
  readonly code: ErrorCode
  readonly hint?: keyof typeof table.hints
}

/** What a verb failed with, as an AzlVmError that names the action and keeps the cause; anything else as it is. */
export function translateError(error: unknown, action: string): unknown {
  if (!(error instanceof VerbError)) return error
  const { failure } = error
  const [id = ''] = failure.errorId.split(',')
  const hresults = hresultsOf(failure)
  // The JSON module's type knows texts only.
  const row = (table.rows as readonly Row[]).find(
    (each) =>
      (each.errorId === undefined || each.errorId === id) &&
      (each.hresult === undefined || hresults.includes(each.hresult.toUpperCase())),
  )
  const codes = [failure.errorId, ...hresults.map((each) => each.replace(/^0X/, '0x'))].join(', ')
  return new AzlVmError(
    row?.code ?? 'backend-failed',
    `${action} failed: ${oneLine(failure.message)} (Hyper-V: ${codes})`,
    {
      cause: error,
      evidence: [`${failure.category}, ${failure.exception}, ${failure.script}:${String(failure.line)}`],
      ...(row?.hint === undefined ? {} : { hint: table.hints[row.hint] }),
    },
  )
}

/** Whether a verb set no hardware because the machine is on; see Get-OffMachine of machine.ps1. */
export function isOfMachineThatIsOn(error: unknown): boolean {
  return (
    isAzlVmError(error) && error.cause instanceof VerbError && error.cause.failure.errorId.startsWith('AzlVmMachineOn')
  )
}

/** In every language the message holds what Windows said as (0x........); the exception's own may be .NET's. */
function hresultsOf({ message, hresult }: Failure): readonly string[] {
  const inMessage = [...message.matchAll(/\b0x[0-9A-F]{8}\b/gi)].map(([text]) => text) // …(0x800705AA).
  return [...new Set([...inMessage, hresult].map((text) => text.toUpperCase()))]
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim()
}
