/**
 * Compares every procedure number, structure, constant, enumeration and first version of this client with libvirt's own source, as
 * the machine's Debian (or Ubuntu) has it: npm run check:protocol -w libvirt-ts [-- --required]
 *
 * Exit code 0: all the same, or the source cannot be had here (which is said; with --required that is a failure);
 * 1: something differs. The source is fetched once and kept in .cache/libvirt-source.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compareProtocol } from './compare-protocol.ts'
import { compareSince } from './compare-since.ts'
import { fetchSource, SourceUnavailable } from './debian-source.ts'
import { readDescription } from './protocol-description.ts'

/** What is looked at; the rest of the source is not even unpacked. */
const wanted = [
  '*/src/remote/remote_protocol.x',
  '*/src/remote/qemu_protocol.x',
  '*/src/rpc/virnetprotocol.x',
  '*/src/rpc/virkeepaliveprotocol.x',
  '*/src/libvirt_internal.h',
  '*/include/libvirt/*.h',
  '*/include/libvirt/libvirt-common.h.in',
  '*/src/libvirt_public.syms',
  '*/src/libvirt_qemu.syms',
]

/** One for each list of wanted files: what was unpacked for a shorter one would not do. */
const cache = fileURLToPath(
  new URL(
    `../libvirt-source/${createHash('sha256').update(wanted.join('\n')).digest('hex').slice(0, 8)}`,
    import.meta.url,
  ),
)

function sourceFolder(): string {
  const kept = existsSync(cache) ? readdirSync(cache).find((name) => name.startsWith('libvirt-')) : undefined
  if (kept !== undefined) return join(cache, kept)
  mkdirSync(cache, { recursive: true })
  const work = mkdtempSync(join(cache, 'fetch-'))
  try {
    const unpacked = fetchSource('libvirt', wanted, work)
    const target = join(cache, unpacked.name)
    renameSync(unpacked.folder, target)
    return target
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

function readAll(folder: string, extension: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(extension))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
}

function main(args: readonly string[]): number {
  let folder: string
  try {
    folder = sourceFolder()
  } catch (error) {
    if (!(error instanceof SourceUnavailable)) throw error
    console.log(`check:protocol skipped: ${error.message}`)
    return args.includes('--required') ? 1 : 0
  }
  const { differences: ofProtocol, checked } = compareProtocol(
    readDescription(readAll(folder, '.x'), [...readAll(folder, '.h'), ...readAll(folder, '.h.in')]),
  )
  const differences = [...ofProtocol, ...compareSince(readAll(folder, '.syms'))]
  const what = `${checked.procedures} procedures, ${checked.structs} structures and ${checked.numbers} numbers`
  if (differences.length === 0) {
    console.log(`check:protocol: ${what} are those of ${folder.split('/').at(-1)}`)
    return 0
  }
  console.error(`check:protocol: of ${what}, ${differences.length} differ from ${folder}:`)
  for (const difference of differences) console.error(`  ${difference}`)
  return 1
}

process.exitCode = main(process.argv.slice(2))
