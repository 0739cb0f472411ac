/** A machine that a person made with the script of `plan --emit`: what is compared of it, and how it is removed. */
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { createProbeReader, type ProbeReport } from 'boot-probe'
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

/** What the probe says on a serial port that is a socket, from now to the end of its report. */
export async function hearProbe(path: string): Promise<ProbeReport> {
  const socket = connect(path)
  const reader = createProbeReader()
  try {
    for await (const bytes of socket) {
      reader.feed(String(bytes))
      if (reader.report) return reader.report
    }
  } finally {
    socket.destroy()
  }
  return expect.fail(`no whole report, but ${reader.state}`)
}

/** What each machine of VMware has of its own. */
const ownKeys =
  /^(?:displayName|azlvm\.mark|uuid\.\w+|nvram|extendedConfigFile|serial0\.fileName|sata0:0\.fileName|ethernet\d+\.pvnID)$/

/** Of a .vmx, by key. */
export async function settingsOfVmx(file: string): Promise<Readonly<Record<'own' | 'shared', Record<string, string>>>> {
  const lines = [...(await readFile(file, 'utf8')).matchAll(/^(\S+) = "(.*)"$/gm)]
  const part = (isOwn: boolean): Record<string, string> =>
    Object.fromEntries(
      lines.filter(([, key = '']) => ownKeys.test(key) === isOwn).map(([, key = '', value = '']) => [key, value]),
    )
  return { own: part(true), shared: part(false) }
}

const ownLine =
  /^(?:name|groups|UUID|hardwareuuid|CfgFile|SnapFldr|LogFldr|description|VMState\w*|uartmode1|intnet2|"SATA-.*|Forwarding.*|SessionName|GuestMemoryBalloon|VideoMode|NvramFile|rec_screen_dest_filename)=/

/** The lines of `showvminfo --machinereadable`, but for what each machine of VirtualBox has of its own. */
export function settingsIn(info: string): readonly string[] {
  return info.split('\n').filter((line) => !ownLine.test(line))
}
