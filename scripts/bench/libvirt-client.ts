/** libvirt-ts against virsh: calls, and the upload of a volume. */
import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { StorageVolume } from 'libvirt-ts'
import { measureCalls } from './libvirt-calls.ts'
import { isInstalled, load, median, medianRatio, timed } from './measure.ts'
import { mebibytes, seconds, times, type Part, type Row } from './report.ts'
import type { World } from './world.ts'

const uploadBytes = 256 * 1024 ** 2
const title = 'libvirt-ts against virsh'

export async function measureLibvirtClient(world: World, rounds: number): Promise<Part> {
  if (!isInstalled('virsh'))
    return { title, rows: [], skipped: 'virsh is not installed (apt-get install libvirt-clients)' }
  return { title, rows: [...(await measureCalls(world, rounds)), await uploadRow(world, rounds)] }
}

async function uploadRow(world: World, rounds: number): Promise<Row> {
  const file = join(world.folder, 'upload.raw')
  await writeNoise(file)
  const pool = await world.connection.createPool(
    `<pool type='dir'><name>bench</name><target><path>${world.folder}/pool</path></target></pool>`,
    { build: true },
  )
  const volume = await pool.createVolume(
    `<volume><name>upload.raw</name><capacity>${uploadBytes}</capacity><allocation>0</allocation></volume>`,
  )
  try {
    const [ours, theirs] = [[] as number[], [] as number[]]
    // The first of each writes to blocks that the file does not have yet.
    for (let round = -1; round < rounds; round++) {
      const own = await ownUpload(volume, file)
      const { wallMs } = await timed([
        'virsh',
        '-q',
        '-c',
        world.daemon.uri,
        'vol-upload',
        '--pool',
        'bench',
        'upload.raw',
        file,
      ])
      if (round < 0) continue
      ours.push(own)
      theirs.push(wallMs)
    }
    const speed = medianRatio(theirs, ours)
    const [own, their] = [median(ours), median(theirs)]
    return {
      what: 'speed of an upload / of virsh vol-upload',
      value: times(speed),
      goal: 'at least 0.9x',
      isMet: speed >= 0.9,
      detail:
        `${mebibytes(uploadBytes)} in ${seconds(own)} against ${seconds(their)}; from a file, each with its own ` +
        `connection; ${rounds} rounds, load ${load().toFixed(1)}`,
    }
  } finally {
    await volume.delete()
    await pool.destroy()
    await rm(file)
  }
}

async function ownUpload(volume: StorageVolume, file: string): Promise<number> {
  const startedAtMs = performance.now()
  await volume.upload(createReadStream(file, { highWaterMark: 1024 ** 2 }) as AsyncIterable<Uint8Array>, {
    lengthBytes: uploadBytes,
  })
  return performance.now() - startedAtMs
}

async function writeNoise(file: string): Promise<void> {
  const handle = await open(file, 'w')
  try {
    for (let done = 0; done < uploadBytes; done += 1024 ** 2) await handle.write(randomBytes(1024 ** 2))
  } finally {
    await handle.close()
  }
}
