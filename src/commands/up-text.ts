/** What `up` tells a person at its end. */
import { endpointText } from './endpoint-text.ts'
import type { MachineInfo } from '../provider/machine.ts'
import { reservedText } from './network-text.ts'
import type { UpResult } from '../pipeline/up.ts'
import { probeRows, probeTable } from './probe-table.ts'

const actions = {
  created: 'is up',
  continued: 'is up, gone on with after an interrupted run',
  started: 'was off and is started',
  unchanged: 'is there as the spec says; nothing was changed',
} as const

export function upText(result: UpResult, width: number): string {
  const { machine, provider } = result
  const name = `${machine.ref.name}@${provider}`
  const lines = [
    `${name} ${result.removed ? 'was up, and is removed again' : actionOf(result)} (${seconds(result.elapsedMs)})`,
    ...stateLines(result),
    ...(result.acceleration === 'emulated' ? ['  processor   emulated'] : []),
    ...(result.medium.trust === 'unverified'
      ? [`  medium      unverified: no checksum in the spec (sha256:${result.medium.medium.sha256})`]
      : []),
    ...(result.removed ? removedLines(result) : []),
    `  evidence    ${result.evidenceDir}`,
  ]
  const table = result.probe
    ? [`What the firmware shows the guest:`, probeTable(probeRows(result.probe), width), '']
    : []
  return [...table, ...lines].join('\n')
}

/** A machine that is not off is left as it is, also where nobody can work with it so. */
function actionOf({ action, machine }: UpResult): string {
  // The probe's machine switches itself off when it has said all.
  if (action === 'created' && machine.state === 'off') return 'was made and booted, and is off again'
  if (action === 'continued' && machine.state === 'off')
    return 'has booted, gone on with after an interrupted run, and is off again'
  if (action !== 'unchanged') return actions[action]
  if (machine.state === 'paused') return 'is there as the spec says, but is paused; nothing was changed'
  if (machine.state === 'stopping') return 'is there as the spec says, but is switching itself off; nothing was changed'
  return actions.unchanged
}

function stateLines(result: UpResult): readonly string[] {
  const { machine, endpoint, bootOutcome } = result
  const boot =
    bootOutcome?.is === 'left-for'
      ? [
          `  boot        the firmware left for the ${bootOutcome.target}${bootOutcome.name === '' ? '' : ` (${bootOutcome.name})`}`,
        ]
      : bootOutcome?.is === 'unheard'
        ? [`  boot        ${bootOutcome.evidence.join('; ')}; screenshot.png beside the evidence shows the screen`]
        : []
  const hasLeft = bootOutcome?.is === 'left-for'
  const state =
    hasLeft && machine.state === 'off'
      ? 'off: the guest switched itself off after it had left the firmware'
      : hasLeft && machine.state === 'stopping'
        ? 'stopping: the guest is switching itself off'
        : machine.state
  const ssh =
    endpoint && !result.removed ? [`  ssh         ${endpointText(endpoint)}, leads to port 22 of the guest`] : []
  return [...boot, ...(result.removed ? [] : [`  state       ${state}`, ...networkLines(machine)]), ...ssh]
}

/** What the guest has to be told by hand. */
function networkLines({ networks }: MachineInfo): readonly string[] {
  return networks.flatMap((network, index) => {
    const reserved = reservedText(network)
    if (reserved === undefined) return []
    return [`  network ${String(index)}   ${reserved}: kept for this card, to be set in the guest by hand`]
  })
}

function removedLines({ removed }: UpResult): readonly string[] {
  const kept = removed?.kept.map(({ what, why }) => `  kept        ${what} (${why})`) ?? []
  return ['  removed     the machine and all that it made', ...kept]
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
