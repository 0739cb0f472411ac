/**
 * `npm run bench`: everything that docs/performance.md promises, measured in one run. Ratios, because the machine that
 * this runs on is shared and slow in waves; each side of a ratio runs in turn with the other.
 *
 * `--write` puts the result into docs/performance.md, where parts that were not measured stay; `--rounds N` (default 7);
 * `--only NAME,NAME` measures these parts.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { cpus, release, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { format, resolveConfig } from 'prettier'
import { libvirtUnavailable } from '../../test/support/libvirt-daemon.ts'
import { measureClones } from './clone.ts'
import { measureContractSuite } from './contract-suite.ts'
import { measureGuestFlood, measureScriptedFlood } from './flood.ts'
import { measureHyperV } from './hyperv.ts'
import { measureLibvirtClient } from './libvirt-client.ts'
import { measureList } from './list.ts'
import { load } from './measure.ts'
import { measureProbeIso } from './probe-iso.ts'
import { mebibytes, partAsText, updatedMarkdown, type Part } from './report.ts'
import { measureVirtualBox, measureVmware } from './programs.ts'
import { measureProviders } from './providers.ts'
import { measureRecorder } from './recorder.ts'
import { measureSnapshots } from './snapshots.ts'
import { measureStartUp } from './start-up.ts'
import { measureUp } from './up.ts'
import { World } from './world.ts'

interface Places {
  readonly root: string
  readonly floodChild: string
}

const partNames = [
  'start',
  'up',
  'flood',
  'libvirt',
  'snapshot',
  'clone',
  'iso',
  'recorder',
  'hyperv',
  'virtualbox',
  'vmware',
  'list',
  'providers',
  'contract',
] as const
type PartName = (typeof partNames)[number]
const withoutDaemon: readonly PartName[] = [
  'start',
  'iso',
  'recorder',
  'hyperv',
  'virtualbox',
  'vmware',
  'list',
  'providers',
  'contract',
]

/** Resolves with the exit code: 0 where it measured, whatever came out. */
export async function runBench(argv: readonly string[], places: Places): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: { write: { type: 'boolean' }, rounds: { type: 'string' }, only: { type: 'string' } },
  })
  const rounds = Number(values.rounds ?? 7)
  const only = values.only?.split(',')
  const names = partNames.filter((name) => only?.includes(name) ?? true)
  if (
    only?.some((name) => !partNames.some((each) => each === name)) === true ||
    !Number.isInteger(rounds) ||
    rounds < 1
  ) {
    process.stderr.write(`usage: npm run bench -- [--write] [--rounds N] [--only ${partNames.join(',')}]\n`)
    return 2
  }
  const loadBefore = load()
  const parts = await measureParts(names, rounds, places)
  const circumstances = [
    `Node ${process.version}, Linux ${release()}, ${cpus().length} processors (${cpus()[0]?.model ?? 'unknown'}), ${mebibytes(totalmem())} memory`,
    `load at the beginning ${loadBefore.toFixed(1)}, at the end ${load().toFixed(1)}${load() > 1.5 || loadBefore > 1.5 ? ': the machine was busy with other things' : ''}`,
    `${rounds} rounds`,
  ]
  process.stdout.write(`\n${circumstances.join('\n')}\n`)
  const day = new Date().toISOString().slice(0, 10)
  if (values.write === true) await writeResults(places.root, parts, [day, ...circumstances].join('; '))
  return 0
}

async function measureParts(names: readonly PartName[], rounds: number, places: Places): Promise<Part[]> {
  const parts: Part[] = []
  const reason = libvirtUnavailable()
  const isWithDaemon = names.some((name) => !withoutDaemon.includes(name))
  const world = isWithDaemon && reason === undefined ? await World.begin(places.root) : undefined
  const onDaemon = async (title: string, measure: (world: World, rounds: number) => Promise<Part>): Promise<Part> =>
    world ? await measure(world, rounds) : { title, rows: [], skipped: reason ?? 'no libvirt daemon' }
  const measurements: Record<PartName, () => Promise<Part>> = {
    start: () => measureStartUp(join(places.root, 'dist', 'cli.js'), Math.max(rounds, 15)),
    up: () => onDaemon('up of the boot probe', measureUp),
    flood: async () => {
      const part = await inFolder((folder) => measureScriptedFlood(folder, places.floodChild))
      const guestRows = world ? await measureGuestFlood(world) : []
      const skipped = reason === undefined ? {} : { skipped: `a guest: ${reason}` }
      return { ...part, rows: [...part.rows, ...guestRows], ...skipped }
    },
    libvirt: () => onDaemon('libvirt-ts against virsh', measureLibvirtClient),
    snapshot: () => onDaemon('Snapshot with memory, and back', measureSnapshots),
    clone: () => onDaemon('Clone to running', measureClones),
    iso: () => inFolder((folder) => measureProbeIso(places.root, folder, rounds)),
    recorder: () => inFolder((folder) => measureRecorder(places.root, folder, rounds)),
    hyperv: () => inFolder((folder) => measureHyperV(places.root, folder, rounds)),
    virtualbox: () => inFolder((folder) => measureVirtualBox({ root: places.root, folder }, rounds)),
    vmware: () => inFolder((folder) => measureVmware({ root: places.root, folder }, rounds)),
    list: () => inFolder((folder) => measureList(places.root, folder, rounds)),
    providers: () => inFolder((folder) => measureProviders(places.root, folder, rounds)),
    contract: () => measureContractSuite(places.root),
  }
  try {
    for (const name of names) {
      const part = await measurements[name]()
      parts.push(part)
      process.stdout.write(`${partAsText(part)}\n`)
    }
  } finally {
    await world?.end()
  }
  return parts
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'azl-vm-bench-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const [begin, end] = ['<!-- bench: begin -->', '<!-- bench: end -->']

async function writeResults(root: string, parts: readonly Part[], circumstances: string): Promise<void> {
  const file = join(root, 'docs', 'performance.md')
  const text = await readFile(file, 'utf8')
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`${file} has no place for the results (${begin})`)
  const results = updatedMarkdown(text.slice(from + begin.length, to), parts, circumstances)
  const whole = `${text.slice(0, from + begin.length)}\n\n${results}\n${text.slice(to)}`
  await writeFile(file, await format(whole, { ...(await resolveConfig(file)), filepath: file }))
  process.stdout.write(`wrote ${file}\n`)
}
