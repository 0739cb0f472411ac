/** What `doctor --boot` found, for people: one table, and below it in words what is wrong. */
import type { BootProof, SecureBootProof } from '../doctor/prove-boot.ts'
import { seconds } from '../cli/text-progress.ts'
import { probeRows, probeTable, type ProbeRow } from './probe-table.ts'

export function bootProofText(proof: BootProof, width: number): string {
  const { usual, architecture, provider, host } = proof
  const rows: readonly ProbeRow[] = [
    ...(usual.failure
      ? []
      : [{ what: 'acceleration', asked: usual.asked.acceleration, seen: usual.acceleration ?? 'not known' }]),
    ...(usual.probe ? probeRows(usual.probe, { machine: usual.asked, macs: usual.macs }) : []),
    { what: 'Secure Boot on', asked: 'the unsigned probe is refused', seen: secureBootSeen[proof.secureBoot.is] },
    ...timeRows(proof),
  ]
  return [
    `What ${provider} at ${host} gives its ${architecture} guests`,
    probeTable(rows, width),
    ...problems(proof).map((line) => `  ${line}`),
    ...(usual.evidenceDir === undefined ? [] : [`  evidence: ${usual.evidenceDir}`]),
  ].join('\n')
}

const secureBootSeen: Readonly<Record<SecureBootProof['is'], string>> = {
  enforced: 'refused: Secure Boot is enforced',
  'not-enforced': 'NOT refused',
  'not-offered': 'not offered by this host',
  failed: 'not proven',
}

function timeRows({ usual, secureBoot }: BootProof): readonly ProbeRow[] {
  const { create, start, firstByte, decided, remove } = usual.times
  const times: readonly (readonly [what: string, ms: number | undefined])[] = [
    ['created in', create],
    ['started in', start],
    ['first byte after', firstByte],
    ['probe’s end after', decided],
    ['removed in', remove],
    ['refusal after', secureBoot.is === 'enforced' ? secureBoot.times?.decided : undefined],
  ]
  return times.flatMap(([what, ms]) => (ms === undefined ? [] : [{ what, seen: seconds(ms) }]))
}

function problems({ usual, secureBoot }: BootProof): readonly string[] {
  const { failure } = usual
  const second = secureBoot.failure === failure ? undefined : secureBoot.failure
  return [
    ...(failure ? [`ERROR  the probe does not boot: ${failure.message}`, ...failure.evidence.map(indented)] : []),
    ...usual.differences.map(({ key, wanted, found }) => `ERROR  ${key}: asked ${wanted}, the guest sees ${found}`),
    ...(secureBoot.is === 'not-enforced'
      ? ['ERROR  Secure Boot is on, and yet a program that nobody signed was started']
      : []),
    ...(second
      ? [
          `${secureBoot.is === 'failed' ? 'ERROR' : 'info'}  with Secure Boot: ${second.message}`,
          ...second.evidence.map(indented),
        ]
      : []),
  ]
}

function indented(line: string): string {
  return `    ${line}`
}
