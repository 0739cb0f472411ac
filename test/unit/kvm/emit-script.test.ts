/**
 * `plan --emit sh` as a property of many specs: the script runs in a POSIX shell against a virsh that only writes down
 * what it was given, and that is what the spec says, each value one argument, whatever characters it holds.
 */
import { execFile, execFileSync } from 'node:child_process'
import { access, chmod, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { parseDomain, type DomainConfig } from '../../../providers/kvm/domain-config.ts'
import type { NetworkFact } from '../../../providers/kvm/facts.ts'
import { define } from '../../../providers/kvm/script.ts'
import { scriptText } from '../../../src/commands/emit-script.ts'
import type { MachineRequest } from '../../../src/provider/machine.ts'
import { temporaryFolder } from '../../support/run-cli.ts'
import { domainXmlOf, kvmFacts, kvmProvider, kvmRequest, type RequestChange } from './kvm-request.ts'

interface Case extends RequestChange {
  readonly host?: string
  readonly mediumPath?: string
}

/** What a shell would like to do something with. `touch canary` is looked for afterwards. */
const hostile = [
  'plain',
  'with a space',
  "it's",
  '"double"',
  '$(touch canary)',
  '`touch canary`',
  '; touch canary #',
  '&& touch canary',
  'back\\slash',
  '*?[a]~{a,b}',
  '-n',
  'ünïcode 💽',
  "'\\''$(touch canary)'",
]

const networks: readonly NetworkFact[] = [
  { name: 'default', isActive: true, forward: 'nat', hasHostAddress: true },
  { name: "br'0 $(touch canary)", isActive: true, forward: 'bridge', hasHostAddress: false },
  { name: 'host only', isActive: true, forward: undefined, hasHostAddress: true },
]

const fixed: readonly Case[] = [
  {},
  { machine: { disks: [], networks: [] } },
  { name: 'with.dots_and-hyphens.1', machine: { firmware: { secureBoot: true, tpm: true } } },
  { machine: { networks: [{ mode: 'isolated' }, { mode: 'nat' }, { mode: 'isolated' }] } },
  { machine: { networks: [{ mode: 'nat', forward: [{ host: 8080, guest: 80 }, { guest: 443 }] }] } },
  { machine: { networks: [{ mode: 'bridged' }] }, kvm: { network: "br'0 $(touch canary)" } },
  { machine: { networks: [{ mode: 'host-only' }] }, kvm: { network: 'host only' } },
  { kvm: { network: 'default' } },
  { machine: { networks: [{ mode: 'host-only' }] } },
  { machine: { networks: [{ mode: 'isolated' }, { mode: 'host-only' }, { mode: 'nat' }, { mode: 'host-only' }] } },
  { machine: { networks: [{ mode: 'bridged' }] }, kvm: { bridge: 'br`$(a)' } },
  { machine: { networks: [{ mode: 'bridged' }, { mode: 'host-only' }] }, kvm: { bridge: 'br0', network: 'host only' } },
  { arch: 'aarch64' },
  {
    arch: 'aarch64',
    machine: { disks: [{ size: '64MiB' }, { size: '1GiB' }], networks: [{ mode: 'isolated' }, { mode: 'host-only' }] },
    mediumPath: "/media/it's an ISO.iso",
  },
  { host: 'qemu:///session' },
  { host: "qemu+ssh://o'brien@host/system?keyfile=/home/$(touch canary)/key" },
  { mediumPath: "/home/x\nAZL_VM_END\ntouch canary\n'/a.iso" },
]

/** Always the same cases: mulberry32. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

function randomCase(seed: number): Case {
  const random = randomFrom(seed)
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T
  const some = <T>(most: number, make: () => T): T[] => Array.from({ length: Math.floor(random() * (most + 1)) }, make)
  return {
    name: pick(['a', 'Azl4-eval', 'x.y', '0_0']),
    machine: {
      cpus: pick([1, 3, 16]),
      memory: pick(['256MiB', '3GiB']),
      disks: some(4, () => ({ size: pick(['64MiB', '1TiB']) })),
      firmware: { secureBoot: random() < 0.5, tpm: random() < 0.5 },
      networks: some(3, () => ({ mode: pick(['nat', 'isolated']) })),
    },
    storage: { path: `/srv/${pick(hostile)}/${pick(hostile)}` },
    mediumPath: `/media/${pick(hostile)}/${pick(hostile)}.iso`,
  }
}

interface VirshCall {
  readonly uri: string
  readonly argv: readonly string[]
  readonly document: string | undefined
}

/** Nothing is there yet; a machine that was started runs and has spoken, unless a test says so. */
const virsh = `#!/bin/sh
{
  printf '%s\\0' "$LIBVIRT_DEFAULT_URI" "$#" "$@"
  case "$1" in define|net-define) document=$(cat; printf .); printf '%s\\0' "\${document%.}" ;; esac
} >> "$RECORD"
case "$1" in
  pool-info|vol-info) exit 1 ;;
  domstate) echo "\${STATE:-running}" ;;
  vol-download) printf %s "\${SPOKEN-BdsDxe}" ;;
esac
`

function parseRecord(record: string): readonly VirshCall[] {
  const words = record.split('\0').slice(0, -1)
  const calls: VirshCall[] = []
  while (words.length > 0) {
    const uri = words.shift() ?? ''
    const argv = words.splice(0, Number(words.shift()))
    const document = ['define', 'net-define'].includes(argv[0] ?? '') ? words.shift() : undefined
    calls.push({ uri, argv, document })
  }
  return calls
}

interface Ran {
  readonly request: MachineRequest
  readonly planned: DomainConfig
  readonly calls: readonly VirshCall[]
  readonly script: string
  readonly outputs: readonly string[]
}

async function runScript(each: Case, acceleration = 'emulated', env: NodeJS.ProcessEnv = {}): Promise<Ran> {
  const { host, mediumPath, ...change } = each
  const provider = await kvmProvider(host)
  const facts = await kvmFacts({ networks }, host)
  const made = kvmRequest({ ...change, machine: { acceleration, ...change.machine } })
  const request = { ...made, installer: { ...made.installer, path: mediumPath ?? made.installer.path } }
  const plan = provider.plan(request, facts)
  expect(plan.diagnostics).toEqual([])
  const script = scriptText(
    { host: provider.host, facts, request, plan },
    { file: '/specs/$(touch canary)\ntouch canary' },
  )
  const folder = await temporaryFolder({ virsh, 'script.sh': script })
  await chmod(join(folder, 'virsh'), 0o755)
  const record = join(folder, 'record')
  await promisify(execFile)('sh', [join(folder, 'script.sh')], {
    cwd: folder,
    env: { PATH: `${folder}:${process.env['PATH'] ?? ''}`, RECORD: record, ...env },
  })
  await expect(access(join(folder, 'canary')), 'a value was run').rejects.toThrow()
  const calls = parseRecord(await readFile(record, 'utf8'))
  for (const { uri } of calls) expect(uri).toBe(provider.host)
  const outputs = plan.operations.find(({ id }) => id === 'forward')?.outputs ?? []
  return { request, planned: parseDomain(domainXmlOf(plan)), calls, script, outputs }
}

/** Without a network named, its machines share one of azl-vm's; by hand it is one of its own. */
function hasOwnHostOnly({ spec, options }: MachineRequest): boolean {
  const isNamed = options !== undefined && 'network' in (options as object)
  return spec.machine.networks.some(({ mode }) => mode === 'host-only') && !isNamed
}

/** All that virsh must be told, from the spec alone. */
function expectedCalls(request: MachineRequest, host: string, forwarded: number): readonly unknown[] {
  const { ref, spec, installer } = request
  const images = host === 'qemu:///session' ? '/nonexistent/.local/share/libvirt/images' : '/var/lib/libvirt/images'
  const pool = `by-hand-${ref.name}`
  const path = `${spec.storage.path ?? images}/${pool}`
  const own = spec.machine.networks.flatMap(({ mode }, index) =>
    mode === 'isolated' ? [`${pool}-${String(index)}`] : [],
  )
  const hostOnly = hasOwnHostOnly(request) ? `${pool}-host-only` : undefined
  return [
    ['define', '/dev/stdin'],
    ...own.flatMap((network) => [
      ['net-define', '/dev/stdin'],
      ['net-start', network],
    ]),
    ...(hostOnly === undefined
      ? []
      : [
          ['net-define', '/dev/stdin'],
          ['net-start', hostOnly],
          ['net-info', hostOnly],
        ]),
    ['pool-info', pool],
    ['pool-define-as', pool, 'dir', '--target', path],
    ['pool-build', pool],
    ['pool-info', pool],
    ['pool-start', pool],
    ...spec.machine.disks.map(({ size }, index) => [
      ...['vol-create-as', pool, `disk${String(index)}.qcow2`, `${String(size)}B`, '--format', 'qcow2'],
    ]),
    ['vol-info', '--pool', pool, 'medium.iso'],
    ['vol-create-as', pool, 'medium.iso', `${String(installer.sizeBytes)}B`, '--format', 'raw'],
    ['vol-upload', '--pool', pool, 'medium.iso', installer.path],
    ['change-media', ref.name, 'sda', `${path}/medium.iso`, '--insert', '--config'],
    ['start', ref.name],
    ...Array.from({ length: forwarded }, () => [
      'qemu-monitor-command',
      ref.name,
      '--hmp',
      expect.stringMatching(/^hostfwd_add hostnet\d tcp:127\.0\.0\.1:\d+-:\d+$/) as string,
    ]),
    ...(forwarded === 0 ? [] : [['qemu-monitor-command', ref.name, '--hmp', 'info usernet']]),
  ]
}

const cases: readonly (readonly [title: string, each: Case])[] = [
  ...fixed.map((each) => [JSON.stringify(each), each] as const),
  ...hostile.map((text) => [text, { storage: { path: `/srv/${text}` }, mediumPath: `/media/${text}` }] as const),
  ...Array.from({ length: 10 }, (_, seed) => [`random ${String(seed)}`, randomCase(seed)] as const),
]

const hasShellcheck = ((): boolean => {
  try {
    execFileSync('shellcheck', ['--version'])
    return true
  } catch {
    return false
  }
})()

/** The network made by hand for a card, undefined where it is one that is there anyway. */
function networkByHand(request: MachineRequest, index: number): string | undefined {
  const mode = request.spec.machine.networks[index]?.mode
  if (mode === 'isolated') return `by-hand-${request.ref.name}-${String(index)}`
  return mode === 'host-only' && hasOwnHostOnly(request) ? `by-hand-${request.ref.name}-host-only` : undefined
}

describe.skipIf(process.platform === 'win32')('the script of a plan [needs a POSIX shell]', () => {
  test.each(cases)('tells virsh what the spec says, each value one argument: %s', async (_title, each) => {
    const { request, planned, calls, outputs } = await runScript(each)
    expect(calls.map(({ argv }) => argv)).toEqual(expectedCalls(request, each.host ?? 'qemu:///system', outputs.length))
    const own = calls.filter(({ argv }) => argv[0] === 'net-define')
    for (const [index, { document }] of own.entries()) {
      const started = calls.filter(({ argv }) => argv[0] === 'net-start')[index]?.argv[1]
      expect(document).toContain(`<name>${started ?? '?'}</name>`)
    }
    const byHand = parseDomain(calls[0]?.document ?? '')
    const { disks, optical, interfaces, ...rest } = planned
    const samePlaces = { nvramPath: '', serialLogPaths: [], paths: [], mark: undefined }
    expect({ ...byHand, ...samePlaces, networks: [] }).toEqual({
      ...rest,
      ...samePlaces,
      networks: [],
      optical,
      disks: disks.map(({ target }, index) => ({ target, path: poolPathIn(calls, `disk${String(index)}.qcow2`) })),
      interfaces: interfaces.map((card, index) => ({
        ...card,
        network: networkByHand(request, index) ?? card.network,
      })),
    })
    expect(byHand.nvramPath).toBe(poolPathIn(calls, 'vars.fd'))
    const logs = request.architecture === 'aarch64' ? ['serial.log', 'system.log'] : ['serial.log']
    expect(byHand.serialLogPaths).toEqual(logs.map((log) => poolPathIn(calls, log)))
    expect(byHand.mark).toBeUndefined()
  })

  test('goes on with emulation where KVM runs no guest', async () => {
    const { calls } = await runScript({}, 'auto', { STATE: 'paused', SPOKEN: '' })
    const verbs = calls.map(({ argv }) => argv[0])
    expect(verbs.filter((verb) => verb === 'start')).toHaveLength(2)
    const types = calls.filter(({ argv }) => argv[0] === 'define').map(({ document }) => parseDomain(document ?? ''))
    expect(types.map(({ domainType }) => domainType)).toEqual(['kvm', 'qemu'])
    expect(verbs.lastIndexOf('change-media')).toBeGreaterThan(verbs.lastIndexOf('define'))
  })

  test('leaves a guest alone that spoke and switched itself off, as the probe does', async () => {
    const { calls } = await runScript({}, 'auto', { STATE: 'shut off' })
    expect(calls.filter(({ argv }) => argv[0] === 'start')).toHaveLength(1)
  })

  test('has no line of a document that ends it', async () => {
    const document = '<a>\nAZL_VM_END\ntouch canary\n</a>'
    const folder = await temporaryFolder({ virsh, 'script.sh': define(document).join('\n') })
    await chmod(join(folder, 'virsh'), 0o755)
    const env = { PATH: `${folder}:${process.env['PATH'] ?? ''}`, RECORD: join(folder, 'record') }
    await promisify(execFile)('sh', [join(folder, 'script.sh')], { cwd: folder, env })
    expect(parseRecord(await readFile(env.RECORD, 'utf8'))[0]?.document).toBe(`${document}\n`)
  })

  // SC2016, SC2089, SC2090: text that looks like shell in single quotes, which is what this test is about.
  test('has nothing that shellcheck minds', async ({ skip }) => {
    skip(!hasShellcheck, 'shellcheck is not installed')
    const runs = [...fixed.map(async (each) => await runScript(each)), runScript({}, 'auto')]
    const scripts = (await Promise.all(runs)).map(({ script }, index) => [`${String(index)}.sh`, script])
    const folder = await temporaryFolder(Object.fromEntries(scripts) as Record<string, string>)
    const files = scripts.map(([name = '']) => join(folder, name))
    const argv = ['--format=gcc', '--exclude=SC2016,SC2089,SC2090', ...files]
    const { stdout } = await promisify(execFile)('shellcheck', argv).catch(
      (error: unknown) => error as { stdout: string },
    )
    expect(stdout).toBe('')
  })
})

function poolPathIn(calls: readonly VirshCall[], file: string): string {
  const target = calls.find(({ argv }) => argv[0] === 'pool-define-as')?.argv.at(-1) ?? ''
  return `${target}/${file}`
}
