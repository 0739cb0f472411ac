/** The host is the network namespace of the test's libvirtd; outside is another one, with a cable between the two. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { until } from '../support/e2e-process.ts'
import type { LibvirtDaemon } from '../support/libvirt-daemon.ts'
import { busyboxFile } from '../support/linux-guest.ts'
import { findBelow } from '../support/process-below.ts'
import type { Surroundings } from './contract-bench.ts'

/** TEST-NET-2 of RFC 5737: nobody's. */
const lan = { bridge: 'lan0', host: '198.51.100.1', outside: '198.51.100.2', spare: ['198.51.100.7', '198.51.100.8'] }

/** The host forwards, as hosts with libvirt's NAT networks do, so that it is the firewall that keeps a guest in. */
const hostScript = `
ip link add ${lan.bridge} type bridge
ip address add ${lan.host}/24 dev ${lan.bridge}
ip link set ${lan.bridge} up
ip link add cable type veth peer name cable netns "$1"
ip link set cable master ${lan.bridge} up
echo 1 >/proc/sys/net/ipv4/ip_forward
`

/** Its way back to any guest leads through the host. */
const outsideScript = `
ip address add ${lan.outside}/24 dev cable
ip link set lo up
ip link set cable up
ip route add default via ${lan.host}
"$1" httpd -p 80 -h "$2"
"$1" udhcpd "$2/udhcpd.conf"
`

function dhcpConfig(folder: string): string {
  return [
    'start 198.51.100.100',
    'end 198.51.100.200',
    'interface cable',
    'option subnet 255.255.255.0',
    `option router ${lan.host}`,
    `lease_file ${join(folder, 'leases')}`,
    `pidfile ${join(folder, 'pid')}`,
    '',
  ].join('\n')
}

export async function kvmSurroundings(daemon: LibvirtDaemon): Promise<Surroundings> {
  const busybox = await busyboxFile()
  const folder = await mkdtemp(join(tmpdir(), 'azl-outside-'))
  await Promise.all([
    writeFile(join(folder, 'index.html'), 'an answer\n'),
    writeFile(join(folder, 'leases'), ''),
    writeFile(join(folder, 'udhcpd.conf'), dhcpConfig(folder)),
  ])
  const hostPid = await until('the daemon', () => findBelow(daemon.pid, 'libvirtd'))
  // Ends with its input, and all that runs in it with it: also where the test process is killed.
  const outside = spawn('unshare', ['--net', '--pid', '--fork', '--kill-child', 'cat'], {
    stdio: ['pipe', 'ignore', 'inherit'],
  })
  const outsidePid = await until('the outside', () => findBelow(outside.pid ?? 0, 'cat'))
  const enter = (...args: readonly string[]): Promise<unknown> => promisify(execFile)('nsenter', args)
  // What is started there ends with the process number 1 that is there.
  const within = (pid: number, ...command: readonly string[]): Promise<unknown> =>
    enter('--target', String(pid), '--net', '--pid', ...command)
  // Without --pid: the other end of the cable is named by a process as it is numbered here.
  await enter('--target', String(hostPid), '--net', 'sh', '-ec', hostScript, 'sh', String(outsidePid)).catch(explain)
  await within(hostPid, busybox, 'httpd', '-p', '8000', '-h', folder).catch(explain)
  await within(outsidePid, 'sh', '-ec', outsideScript, 'sh', busybox, folder).catch(explain)
  const server = `http://${lan.host}:8000/`
  return {
    specLines: [`kvm: { bridge: ${lan.bridge} }`],
    outside: `http://${lan.outside}/`,
    host: {
      nat: 'http://10.0.2.2:8000/',
      bridged: server,
      'host-only': 'http://192.168.124.1:8000/',
      isolated: server,
    },
    spare: { addresses: [`${lan.spare[0] ?? ''}/24`, `${lan.spare[1] ?? ''}/24`], router: lan.host },
    hostFromOutside: lan.host,
    answers: async (from, url) =>
      await within(
        from === 'host' ? hostPid : outsidePid,
        busybox,
        'timeout',
        '30',
        busybox,
        'wget',
        '-q',
        '-O',
        '/dev/null',
        url,
      ).then(
        () => true,
        () => false,
      ),
    close: async () => {
      const ended = once(outside, 'close')
      outside.stdin.end()
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function explain(cause: unknown): never {
  throw new Error(`the test's networks were not made: ${String(cause)}`, { cause })
}
