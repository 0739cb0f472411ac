/**
 * Whose the files in a run's folder are. A name alone does not tell: users put disks of their own there, and VirtualBox
 * lays images over those too. The machine's mark says how many disks it was made with, and each image what it lies on.
 */
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { hasCode } from '../../src/store/atomic-file.ts'
import { markIn, virtualBoxMark } from './mark-text.ts'
import { diskFile, runIdOfExport, startLog } from './names.ts'
import { readSettings } from './settings-file.ts'
import { readVdiHeader } from './vdi-header.ts'

export interface SortedFiles {
  /** In the order in which they may go: what tells whose the others are goes last. */
  readonly own: readonly string[]
  readonly foreign: readonly string[]
}

const settingsPattern = /^[^/]+\.vbox(?:-prev)?$/ // azl4.vbox-prev

/** Files beside the disks that VirtualBox makes below a machine's folder, with slashes. */
const virtualBoxFiles: readonly RegExp[] = [
  settingsPattern,
  /^[^/]+\.(?:vbox-tmp|nvram|webm)$/, // azl4.nvram
  /^Snapshots\/\d{4}-\d\d-\d\dT[\d-]+Z\.(?:nvram|sav)$/, // Snapshots/2026-11-29T07-11-47-242000000Z.sav
  /^Logs\/[^/]+$/, // Logs/VBox.log.1
]
const imagePattern = /^Snapshots\/\{[0-9a-f-]{36}\}\.vdi$/ // Snapshots/{3f3d3273-4d7c-46b7-8022-4be7502bbfff}.vdi

/** Whether VirtualBox gave a file its name, to keep what is written after a snapshot; over a disk of another format it has that. */
export function isImage(file: string): boolean {
  return /[\\/]Snapshots[\\/]\{[0-9a-f-]{36}\}\.\w+$/.test(file) // /vms/azl4/Snapshots/{3f3d3273-4d7c-46b7-8022-4be7502bbfff}.vmdk
}

/** All that lies in a run's folder; the folders of other machines are foreign as they are. */
export async function sortRunFolder(folder: string, machineFolders: readonly string[] = []): Promise<SortedFiles> {
  const sorted = await Promise.all(
    (await entriesOf(folder)).map(async (entry): Promise<SortedFiles> => {
      const place = path.join(folder, entry.name)
      const isSorted = entry.isDirectory() && !machineFolders.includes(path.normalize(place))
      return isSorted ? await sortMachineFolder(place) : { own: [], foreign: [place] }
    }),
  )
  return { own: sorted.flatMap(({ own }) => own), foreign: sorted.flatMap(({ foreign }) => foreign) }
}

async function sortMachineFolder(folder: string): Promise<SortedFiles> {
  const names = await filesBelow(folder)
  const disks = await ownDisks(folder, names)
  const isOwn = (name: string): boolean =>
    disks.has(name) ||
    name === startLog ||
    runIdOfExport(name) !== undefined ||
    virtualBoxFiles.some((pattern) => pattern.test(name))
  const inPlace = (name: string): string => path.join(folder, name)
  const own = names.filter(isOwn)
  return {
    own: [
      ...own.filter((name) => !settingsPattern.test(name)),
      ...own.filter((name) => settingsPattern.test(name)),
    ].map(inPlace),
    foreign: names.filter((name) => !isOwn(name)).map(inPlace),
  }
}

/** The disks of the mark, and the images that snapshots laid over them. */
async function ownDisks(folder: string, names: readonly string[]): Promise<ReadonlySet<string>> {
  const own = new Set((await markedDisks(folder, names)).filter((name) => names.includes(name)))
  const read = async (name: string) => ({ name, header: await readVdiHeader(path.join(folder, name)) })
  const uuids = new Set((await Promise.all([...own].map(read))).map(({ header }) => header?.uuid))
  const images = await Promise.all(names.filter((name) => imagePattern.test(name)).map(read))
  for (let known = 0; known < uuids.size;) {
    known = uuids.size
    for (const { name, header } of images) {
      if (header?.parent === undefined || !uuids.has(header.parent)) continue
      own.add(name)
      uuids.add(header.uuid)
    }
  }
  return own
}

/** The mark is made before any disk, so that a machine that was killed in between has none or names them. */
async function markedDisks(folder: string, names: readonly string[]): Promise<readonly string[]> {
  const runId = path.basename(path.dirname(folder))
  for (const name of names.filter((each) => settingsPattern.test(each))) {
    const settings = await readSettings(path.join(folder, name))
    const mark = settings && markIn(settings)
    if (mark?.runId === runId)
      return Array.from({ length: virtualBoxMark(mark).diskCount }, (_, index) => diskFile(index))
  }
  return []
}

async function entriesOf(folder: string) {
  return await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if (error instanceof Error && hasCode(error, 'ENOENT')) return []
    throw error
  })
}

/** With slashes. */
async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true })
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).replaceAll(path.sep, '/'))
    .toSorted()
}
