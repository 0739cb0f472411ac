/** Where a guest answers: what VMware's own DHCP servers leased to its cards, for a guest without VMware Tools tells nothing. */
import { readdir, readFile } from 'node:fs/promises'
import { registryText } from '../../src/host/registry.ts'
import type { Call, ProviderContext } from '../../src/provider/contract.ts'
import type { Endpoint } from '../../src/provider/machine.ts'
import { cardsOf } from './info.ts'
import type { FoundMachine } from './machines.ts'
import { pathsOf } from './names.ts'
import type { Session } from './session.ts'

const sshPort = 22

/** Undefined while there is no lease: no card on a network of VMware's own, or nothing was asked for yet. Never kept. */
export async function endpointOf(session: Session, machine: FoundMachine, call: Call): Promise<Endpoint | undefined> {
  const texts = await Promise.all(
    (await leaseFiles(session, call)).map((file) => readFile(file, 'latin1').catch(() => '')),
  )
  for (const { mac } of cardsOf(machine)) {
    const address = leasedTo(mac, texts.join('\n'), session.context.now())
    if (address !== undefined) return { address, port: sshPort }
  }
  return undefined
}

const leaseFile = { key: 'HKLM\\SYSTEM\\CurrentControlSet\\Services\\VMnetDHCP\\Parameters', name: 'LeaseFile' }

/** One for each network, or one for all (components.md section 10). */
async function leaseFiles({ context, places }: Session, call: Call): Promise<readonly string[]> {
  const { platform, env } = context
  if (platform === 'win32') {
    const named = await registryText(leaseFile, env, call.signal)
    return [named ?? `${env['ProgramData'] ?? 'C:\\ProgramData'}\\VMware\\vmnetdhcp.leases`]
  }
  if (platform === 'darwin')
    return [...(await filesIn('/var/db/vmware', /^vmnet-dhcpd-vmnet\d+\.leases$/, platform)), '/var/db/dhcpd_leases']
  const networks = await filesIn(places.etc, /^vmnet\d+$/, platform)
  return networks.flatMap((folder) => [`${folder}/dhcpd/dhcpd.leases`, `${folder}/dhcp/dhcp.leases`])
}

async function filesIn(
  folder: string,
  wanted: RegExp,
  platform: ProviderContext['platform'],
): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => [])
  return names.filter((name) => wanted.test(name)).map((name) => pathsOf(platform).join(folder, name))
}

// lease 192.168.64.128 { … ends 4 2026/11/19 12:30:00; hardware ethernet 00:50:56:01:02:03; … }
const leasePattern = /lease (\d+\.\d+\.\d+\.\d+) \{([^}]*)\}/g
// { name=azl4 ip_address=192.168.64.3 hw_address=1,0:50:56:1:2:3 … }, of macOS' own server
const bootpPattern = /\{([^}]*ip_address=(\d+\.\d+\.\d+\.\d+)[^}]*)\}/g

/** The newest lease of a card that is not over; leases are appended to the file. */
export function leasedTo(mac: string, text: string, now: Date): string | undefined {
  const dhcpd = [...text.matchAll(leasePattern)].filter(([, , body = '']) => {
    const owner = /hardware ethernet ([0-9a-f:]+)/i.exec(body)?.[1]?.toLowerCase()
    return owner === mac && !isOver(body, now)
  })
  const bootp = [...text.matchAll(bootpPattern)].filter(([, body = '']) => {
    const owner = /hw_address=1,([0-9a-f:]+)/i.exec(body)?.[1]
    return owner !== undefined && padded(owner) === mac
  })
  return dhcpd.at(-1)?.[1] ?? bootp.at(-1)?.[2]
}

/** The times are UTC; `never` has none. */
function isOver(lease: string, now: Date): boolean {
  const [, date, time] = /ends \d (\d{4}\/\d\d\/\d\d) (\d\d:\d\d:\d\d)/.exec(lease) ?? []
  return date !== undefined && Date.parse(`${date.replaceAll('/', '-')}T${time ?? ''}Z`) < now.getTime()
}

/** bootpd leaves leading zeros out. */
function padded(mac: string): string {
  return mac
    .toLowerCase()
    .split(':')
    .map((byte) => byte.padStart(2, '0'))
    .join(':')
}
