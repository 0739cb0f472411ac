/**
 * `up` of the boot probe against virt-install, to the moment when the machine runs; what of that is the tool's own;
 * and how soon `up` returns after the probe's last word.
 */
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { finished, isInstalled, load, median, medianRatio } from './measure.ts'
import { seconds, times, type Part, type Row } from './report.ts'
import { nodeAloneMs } from './start-up.ts'
import { machineSize, patienceMs, type Trace, type World } from './world.ts'

/** libvirt's numbers: remote_protocol.x, REMOTE_PROC_DOMAIN_CREATE_WITH_FLAGS. */
const createCall = { program: 0x2000_8086, procedure: 196 }

interface UpRun {
  /** From the start of the process to the Resumed event. */
  readonly wallMs: number
  /** Waiting in libvirt's create call. */
  readonly createMs: number
  /** How many calls came before it. */
  readonly callsBefore: number
  /** From the probe's closing line in the hypervisor's log to the end of the process. */
  readonly returnMs: number
}

export async function measureUp(world: World, rounds: number): Promise<Part> {
  const iso = await world.probeIso()
  const hasVirtInstall = isInstalled('virt-install')
  const [ups, peers, nodes] = [[] as UpRun[], [] as number[], [] as number[]]
  // The first of each makes what later ones find: the pool's folder, warm caches. It does not count.
  for (let round = -1; round < rounds; round++) {
    const up = await runUp(world)
    const peer = hasVirtInstall ? await runVirtInstall(world, iso) : Number.NaN
    const node = await nodeAloneMs()
    if (round < 0) continue
    ups.push(up)
    peers.push(peer)
    nodes.push(node)
  }
  const rows = [
    ...(hasVirtInstall ? [againstVirtInstall(ups, peers)] : []),
    ownTime(ups, nodes),
    returnTime(ups),
    await autoRow(world, rounds, ups),
  ]
  const skipped = hasVirtInstall
    ? {}
    : { skipped: 'the comparison with virt-install, which is not installed (apt-get install virtinst)' }
  return { title: 'up of the boot probe, emulated', rows, ...skipped }
}

function againstVirtInstall(ups: readonly UpRun[], peers: readonly number[]): Row {
  const walls = ups.map((up) => up.wallMs)
  const ratio = medianRatio(walls, peers)
  return {
    what: 'azl-vm up / virt-install, start of the process to Resumed',
    value: times(ratio),
    goal: 'at most 0.8x, better 0.7x',
    isMet: ratio <= 0.8,
    detail:
      `${seconds(median(walls))} against ${seconds(median(peers))}, of ours ${seconds(median(ups.map((up) => up.createMs)))} ` +
      `in libvirt’s create call; ${ups.length} rounds, load ${load().toFixed(1)}`,
  }
}

function ownTime(ups: readonly UpRun[], nodes: readonly number[]): Row {
  const own = ups.map((up) => up.wallMs - up.createMs)
  const more = median(own.map((value, index) => value - (nodes[index] ?? Number.NaN)))
  return {
    what: 'the tool’s own time in that (without the create call), more than node -e 0',
    value: seconds(more),
    goal: 'at most 0.15 s',
    isMet: more <= 150,
    detail:
      `${seconds(median(own))} against ${seconds(median(nodes))} (${times(medianRatio(own, nodes))}); ` +
      `${median(ups.map((up) => up.callsBefore))} calls of libvirt before create; load ${load().toFixed(1)}`,
  }
}

function returnTime(ups: readonly UpRun[]): Row {
  const value = median(ups.map((up) => up.returnMs))
  return {
    what: 'the probe’s last line to the end of up',
    value: seconds(value),
    goal: 'at most 0.2 s',
    isMet: value <= 200,
    detail: `from the line in libvirt’s own log of the port to the end of the process; worst ${seconds(Math.max(...ups.map((up) => up.returnMs)))}`,
  }
}

async function autoRow(world: World, rounds: number, emulated: readonly UpRun[]): Promise<Row> {
  const what = 'what acceleration: auto adds where KVM runs no guest'
  const isOffered = await world.connection.domainCapabilities({ arch: 'x86_64', machine: 'q35', virtType: 'kvm' }).then(
    () => true,
    () => false,
  )
  if (!isOffered) {
    const detail =
      'libvirt offers no KVM on this host, so `auto` tries nothing and adds nothing; to be measured where /dev/kvm is there'
    return { what, value: 'not measured', detail }
  }
  const walls: number[] = []
  for (let round = 0; round < rounds; round++) walls.push((await runUp(world, 'auto', `home-auto-${round}`)).wallMs)
  return {
    what,
    value: seconds(median(walls) - median(emulated.map((up) => up.wallMs))),
    detail: `${seconds(median(walls))} to the last Resumed event with a home that remembers nothing; later runs remember`,
  }
}

async function runUp(world: World, acceleration: 'emulated' | 'auto' = 'emulated', home = 'home'): Promise<UpRun> {
  const name = 'bench-up'
  const spec = await world.spec(name, acceleration)
  const resumed = world.resumed(name)
  const run = await world.tool(['up', spec, '--output', 'json'], { home: join(world.folder, home) })
  // Where the tool fails there is no event to wait for.
  let resumedAtMs = await Promise.race([resumed, run.ended.then(() => resumed)])
  if (acceleration === 'auto') {
    // With KVM tried first, the Resumed that counts is that of the last attempt.
    const again = (): void =>
      void world.resumed(name).then(
        (atMs) => {
          resumedAtMs = atMs
          again()
        },
        () => undefined,
      )
    again()
  }
  const [lastLineAtMs, end, trace] = await Promise.all([closingLine(world, name), run.ended, run.trace])
  await world.destroy(name)
  return {
    wallMs: resumedAtMs - run.startedAtMs,
    ...createIn(trace),
    returnMs: Math.max(0, end.exitedAtMs - lastLineAtMs),
  }
}

function createIn({ calls }: Trace): Pick<UpRun, 'createMs' | 'callsBefore'> {
  const isCreate = (call: Trace['calls'][number]): boolean =>
    call.program === createCall.program && call.procedure === createCall.procedure
  const createMs = calls.filter(isCreate).reduce((sum, call) => sum + (call.answeredMs ?? Number.NaN) - call.sentMs, 0)
  return { createMs, callsBefore: calls.findIndex(isCreate) }
}

/** `performance.now()` when the log of the machine's serial port, written by virtlogd, has the probe's closing line. */
async function closingLine(world: World, name: string): Promise<number> {
  const pool = join(world.imagesFolder, 'azl-vm')
  const isThere = (): boolean => {
    try {
      const log = readdirSync(pool).find((file) => file.startsWith(`${name}.`) && file.endsWith('.serial.log'))
      return log !== undefined && /"type":"end"[^\n]*\n/.test(readFileSync(join(pool, log), 'latin1'))
    } catch {
      return false
    }
  }
  // Looked for again and again, because the folder and the file are made meanwhile; the error is one interval.
  const latestMs = performance.now() + patienceMs
  while (!isThere()) {
    if (performance.now() > latestMs) throw new Error(`no closing line of the probe in ${pool}`)
    await delay(lookEveryMs)
  }
  return performance.now()
}

const lookEveryMs = 5

async function runVirtInstall(world: World, iso: string): Promise<number> {
  const name = 'bench-peer'
  const { cpus, memoryMib, diskGib } = machineSize
  const resumed = world.resumed(name)
  const startedAtMs = performance.now()
  const child = spawn(
    'virt-install',
    [
      ...['--connect', world.daemon.uri, '--virt-type', 'qemu', '--name', name],
      ...['--vcpus', String(cpus), '--memory', String(memoryMib), '--osinfo', 'detect=off,require=off'],
      ...['--disk', `size=${diskGib},format=qcow2,bus=virtio`, '--cdrom', iso, '--network', 'user,model=virtio'],
      ...['--boot', withoutSecureBoot, '--graphics', 'vnc,listen=none', '--noautoconsole', '--wait', '0'],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const ended = finished(child).then((end) => {
    if (end.exitCode !== 0)
      throw new Error(`virt-install: exit code ${String(end.exitCode)}\n${end.stderr}${end.stdout}`)
  })
  const resumedAtMs = await Promise.race([resumed, ended.then(() => resumed)])
  await ended
  await world.removeForeign(name)
  return resumedAtMs - startedAtMs
}

/** As our spec has it; virt-install's own default is the firmware with Secure Boot. */
const withoutSecureBoot =
  'firmware=efi,firmware.feature0.name=secure-boot,firmware.feature0.enabled=no,' +
  'firmware.feature1.name=enrolled-keys,firmware.feature1.enabled=no'
