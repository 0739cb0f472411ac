/** What is wrong with a spec on one host, in words that several providers say alike; each at its key. */
import { formatBytes } from '../format-bytes.ts'
import type { Spec } from '../spec/schema.ts'
import type { Facts } from './contract.ts'
import type { MachineRequest } from './machine.ts'
import type { PlanDiagnostic } from './plan.ts'

/** Something that the hypervisor has not. */
export function notSupported(path: PlanDiagnostic['path'], message: string, hint: string): PlanDiagnostic {
  return { level: 'error', path, code: 'not-supported', message, hint }
}

/** A value that no such hypervisor takes. */
export function invalid(path: PlanDiagnostic['path'], message: string, hint: string): PlanDiagnostic {
  return { ...notSupported(path, message, hint), code: 'spec-invalid' }
}

/** Where the hypervisor, called `who`, runs no guests of this architecture: nothing else is to be said then. */
export function architectureDiagnostics(
  { architecture }: MachineRequest,
  { capabilities: { architectures } }: Facts,
  who: string,
): readonly PlanDiagnostic[] {
  if (architectures.includes(architecture)) return []
  const hint = `Use a medium for ${architectures.join(', ')}, or a host with that processor.`
  return [notSupported(['arch'], `${who} runs no ${architecture} guests, and emulates none`, hint)]
}

/** More processors or memory than the hypervisor, called `who`, gives any guest. */
export function limitDiagnostics(
  { machine: { cpus, memory } }: Spec,
  most: { readonly cpus: number; readonly memoryBytes: number },
  who: string,
): readonly PlanDiagnostic[] {
  const tooMany = `${who} gives a guest ${String(most.cpus)} processors at most, not ${String(cpus)}`
  const size = formatBytes(most.memoryBytes)
  const tooMuch = `${who} gives a guest ${size} of memory at most, not ${formatBytes(memory)}`
  return [
    ...(cpus > most.cpus ? [invalid(['machine', 'cpus'], tooMany, `Set it to ${String(most.cpus)} or less.`)] : []),
    ...(memory > most.memoryBytes ? [invalid(['machine', 'memory'], tooMuch, `Set it to ${size} or less.`)] : []),
  ]
}
