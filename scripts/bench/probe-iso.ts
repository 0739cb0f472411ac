/** The probe's ISO, written by our writer, and from the same files by xorriso and genisoimage. */
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buildFatImage } from '../../src/iso9660/index.ts'
import { buildProbeIso, probeVolumeLabel } from '../../src/media/probe-iso.ts'
import { isInstalled, load, median, medianRatio, timed } from './measure.ts'
import { times, type Part, type Row } from './report.ts'
import { nodeAloneMs } from './start-up.ts'

const title = 'The probe’s ISO'
const [tree, bootImage, loader] = ['tree', 'boot.img', 'BOOTX64.EFI'] as const

const peers = {
  xorriso: ['xorriso', '-as', 'mkisofs', '-quiet'],
  genisoimage: ['genisoimage', '-quiet'],
} as const

export async function measureProbeIso(root: string, folder: string, rounds: number): Promise<Part> {
  const binary = await readFile(join(root, 'packages', 'boot-probe', 'bin', loader))
  await layOut(join(folder, tree), binary)
  const names = (['xorriso', 'genisoimage'] as const).filter((name) => isInstalled(name))
  const own = join(folder, 'ours.iso')
  const spent = { ours: [] as number[], node: [] as number[], xorriso: [] as number[], genisoimage: [] as number[] }
  for (let round = -1; round < rounds; round++) {
    const startedAtMs = performance.now()
    await writeFile(own, buildProbeIso({ arch: 'x86_64', then: 'poweroff', binary }))
    const ours = performance.now() - startedAtMs
    const node = await nodeAloneMs()
    if (round >= 0) {
      spent.ours.push(ours)
      spent.node.push(node)
    }
    for (const name of names) {
      const peer = join(folder, `${name}.iso`)
      await rm(peer, { force: true })
      const { wallMs } = await timed([...peers[name], ...argumentsFor(peer, join(folder, tree))])
      if (round >= 0) spent[name].push(wallMs)
    }
  }
  const { size } = await stat(own)
  const row = async (name: keyof typeof peers): Promise<Row> => {
    const peerSize = (await stat(join(folder, `${name}.iso`))).size
    const withNode = spent.ours.map((ms, index) => ms + (spent.node[index] ?? Number.NaN))
    return {
      what: `written by us in a running Node / by ${name}`,
      value: times(medianRatio(spent.ours, spent[name])),
      detail:
        `${median(spent.ours).toFixed(1)} ms against ${median(spent[name]).toFixed(1)} ms, which include its process ` +
        `(with Node’s own start ours would be ${times(medianRatio(withNode, spent[name]))}); ours makes the FAT image too, ` +
        `${name} is given it; ${kibibytes(size)} against ${kibibytes(peerSize)}; ${String(rounds)} rounds, load ${load().toFixed(1)}`,
    }
  }
  const missing = Object.keys(peers).filter((name) => !names.some((each) => each === name))
  const skipped = missing.length === 0 ? {} : { skipped: `${missing.join(' and ')}: not installed (apt-get install)` }
  return { title, rows: await Promise.all(names.map(row)), ...skipped }
}

/** What the others are given: the files, and the FAT image that the firmware boots. */
async function layOut(folder: string, binary: Uint8Array): Promise<void> {
  const config = Buffer.from('then=poweroff\n')
  const files = [
    { path: `EFI/BOOT/${loader}`, data: binary },
    { path: 'PROBE.CFG', data: config },
  ]
  await mkdir(join(folder, 'EFI', 'BOOT'), { recursive: true })
  for (const { path, data } of files) await writeFile(join(folder, path), data)
  await writeFile(join(folder, bootImage), buildFatImage({ files, volumeLabel: probeVolumeLabel, date: new Date() }))
}

function argumentsFor(iso: string, folder: string): readonly string[] {
  return ['-V', probeVolumeLabel, '-r', '-e', bootImage, '-no-emul-boot', '-o', iso, folder]
}

function kibibytes(bytes: number): string {
  return `${(bytes / 1024).toFixed(0)} KiB`
}
