/** A machine that a person made with the script of `plan --emit`: what is compared of it, and how it is removed. */
import type { ProbeReport } from 'boot-probe'
import { expect } from 'vitest'

/** Without what each machine has of its own. */
export function neutral(report: ProbeReport): unknown {
  // The firmware's heap is a page larger or smaller from boot to boot.
  return { ...report, system: { ...report.system, uuid: '' }, memory: { ...report.memory, freeBytes: 0 } }
}

/** The commented lines below "To remove it", as a person would type them. */
export function removalCommands(script: string): string {
  return commandsBelow(script, '# To remove it:')
}

/** The commented lines below a line of the script. */
export function commandsBelow(script: string, line: string): string {
  const [, below = ''] = script.split(`${line}\n`)
  const lines = below.split('\n')
  const end = lines.findIndex((each) => !each.startsWith('#   '))
  const commands = lines.slice(0, end)
  expect(commands.length).toBeGreaterThan(1)
  return commands.map((each) => each.slice('#   '.length)).join('\n')
}
