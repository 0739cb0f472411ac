/** The second `up`: whether the machine is what the spec says. Nothing is changed here. */
import { AzlVmError } from '../errors.ts'
import type { Difference, MachineInfo, MachineRequest } from '../provider/machine.ts'
import type { Plan } from '../provider/plan.ts'
import { makingOperations } from './create-machine.ts'
import { callFor } from './environment.ts'
import type { UpContext } from './up-context.ts'

/** Throws machine-differs with every difference, each at the spec's key. */
export async function requireSameConfiguration(
  context: UpContext,
  request: MachineRequest,
  plan: Plan,
  found: MachineInfo,
): Promise<void> {
  const differences = [
    ...mediumDifferences(request, found),
    ...expiryDifferences(request, found),
    ...(await observed(context, request, plan)),
  ]
  if (differences.length === 0) return
  const name = request.ref.name
  throw new AzlVmError(
    'machine-differs',
    `the machine "${name}" is there, and is not what the spec says; nothing was changed`,
    {
      evidence: differences.map(
        ({ key, wanted, found: is }) => `${key}: the spec says ${wanted}, the machine has ${is}`,
      ),
      hint: `\`azl-vm destroy ${name}\` and then \`azl-vm up\` makes it as the spec says; or undo the change in the spec.`,
    },
  )
}

async function observed(context: UpContext, request: MachineRequest, plan: Plan): Promise<readonly Difference[]> {
  const call = callFor(context.run.bus, context.request.signal)
  const differences: Difference[] = []
  for (const operation of makingOperations(plan)) {
    // What is in the drive is the user's business after the first boot: an ejected installer is no difference.
    if (operation.object.kind === 'medium') continue
    const observation = await context.provider.observe(operation, request, call)
    if (observation.is === 'different') differences.push(...observation.differences)
    if (observation.is === 'missing') {
      differences.push({
        key: operation.id,
        wanted: `${operation.object.kind} ${operation.object.name}`,
        found: 'none',
      })
    }
  }
  return differences
}

function mediumDifferences(request: MachineRequest, found: MachineInfo): readonly Difference[] {
  const made = found.mark?.installer
  if (!made || made.sha256 === request.installer.sha256) return []
  const text = (sha256: string, file: string): string => `${file} (sha256 ${sha256.slice(0, 12)}…)`
  const { sha256, path } = request.installer
  const key = 'probe' in request.spec.source ? 'source.probe' : 'source.iso'
  return [{ key, wanted: text(sha256, path), found: text(made.sha256, made.fileName) }]
}

/** How long the machine was promised to be kept, counted from its making. */
function expiryDifferences(request: MachineRequest, found: MachineInfo): readonly Difference[] {
  const { mark } = found
  const made = mark?.expires === undefined ? undefined : Date.parse(mark.expires) - Date.parse(mark.created)
  const { expires } = request.spec
  if (made === expires) return []
  const text = (ms: number | undefined): string => (ms === undefined ? 'never' : `${ms / 1000} s after its making`)
  return [{ key: 'expires', wanted: text(expires), found: text(made) }]
}
