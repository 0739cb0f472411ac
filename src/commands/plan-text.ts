import type { PlannedMachine } from '../pipeline/plan-machine.ts'
import type { Operation } from '../provider/plan.ts'

/** A plan for people: what was chosen, then each operation with its own words indented below it. */
export function planText({
  provider,
  host,
  passedOver,
  facts,
  medium,
  request,
  plan,
  existing,
}: PlannedMachine): string {
  const choices = [
    ...plan.choices,
    {
      label: 'checksum',
      value: `sha256:${medium.medium.sha256} (${{ checksum: 'as the spec says', unverified: 'unverified', own: 'made by azl-vm' }[medium.trust]})`,
    },
  ]
  const width = Math.max(...choices.map(({ label }) => label.length))
  return [
    `${request.ref.name} on ${provider} at ${host}`,
    ...passedOver.map((other) => `  not on ${other.provider}: ${other.why}`),
    ...(facts.isAssumed
      ? [
          'ASSUMED: the host could not be asked; what follows is what such a host usually offers.',
          ...assumedBecause(facts.findings),
        ]
      : []),
    ...choices.map(({ label, value }) => `  ${label.padEnd(width)}  ${value}`),
    ...existing.map(
      ({ name, state, isOurs, then }) =>
        `ALREADY THERE: ${isOurs ? 'your' : 'another’s'} machine "${name}" (${state}); ${then}.`,
    ),
    '',
    ...plan.operations.flatMap((operation, index) => operationLines(operation, index)),
    `Nothing was made. \`azl-vm up\` does this; \`azl-vm plan --emit ${plan.script.language}\` prints it as a script.`,
  ].join('\n')
}

function assumedBecause(findings: PlannedMachine['facts']['findings']): readonly string[] {
  return findings.filter((finding) => finding.level === 'error').map((finding) => `  because: ${finding.message}`)
}

function operationLines(operation: Operation, index: number): readonly string[] {
  const outputs = operation.outputs.map((output) => `     ${output}: <known after ${operation.id}>`)
  return [
    `${String(index + 1)}. ${operation.id}: ${operation.title}`,
    `     makes ${operation.object.kind} ${operation.object.name}; undo: ${operation.undo}`,
    ...outputs,
    ...(operation.native?.text.split('\n').map((line) => `     | ${line}`) ?? []),
    '',
  ]
}
