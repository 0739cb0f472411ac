import { AzlVmError } from '../errors.ts'
import type { Plan } from '../provider/plan.ts'
import type { LoadedSpec } from '../spec/loaded-spec.ts'

/** Throws the plan's errors, each at its key; hands its warnings on. */
export function reportDiagnostics(
  loaded: LoadedSpec,
  plan: Plan,
  warn: (message: string, hint?: string) => void,
): void {
  const errors = plan.diagnostics.filter((diagnostic) => diagnostic.level === 'error')
  for (const diagnostic of plan.diagnostics)
    if (diagnostic.level === 'warning') warn(diagnostic.message, diagnostic.hint)
  const [first] = errors
  if (!first) return
  const located = loaded.toError(errors)
  // The code of the first error decides the exit code: an inactive network is not a fault of the spec.
  if (first.code === 'spec-invalid') throw located
  throw new AzlVmError(first.code, located.message, {
    evidence: located.evidence,
    ...(located.hint === undefined ? {} : { hint: located.hint }),
  })
}
