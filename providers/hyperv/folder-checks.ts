/** Whether the folder for machines is one that Hyper-V puts virtual disks into, and how much room it has. */
import * as z from 'zod'
import { roughBytes } from '../../src/format-bytes.ts'
import type { Call, Finding } from '../../src/provider/contract.ts'
import type { Session } from './session.ts'

const folderSchema = z.object({
  path: z.string(),
  /** '' where the volume does not say. */
  fileSystem: z.string(),
  /** -1 where the volume does not say. */
  freeBytes: z.number(),
  /** System.IO.FileAttributes, by name. */
  attributes: z.array(z.string()),
  /** ReFS keeps checksums of files that are made there. */
  hasIntegrity: z.boolean(),
})

export type FolderFacts = z.output<typeof folderSchema>

/** Of the folder, or of the nearest one above it that is there; undefined where none is. */
export async function readFolder(session: Session, path: string, call: Call): Promise<FolderFacts | undefined> {
  const schema = z.object({ folder: folderSchema.nullable() })
  const asked = { action: `look at ${path}`, schema, isWithoutRights: true }
  return (await session.run('get-folder', { path }, asked, call)).folder ?? undefined
}

/** What a machine of the default size grows to, with a medium beside it. */
const comfortableDiskBytes = 20 * 1024 ** 3

/** Hyper-V puts virtual disks on NTFS, ReFS and a cluster’s volumes. Source: hashicorp/packer#9922, vagrant#11118. */
const goodFileSystems = ['NTFS', 'ReFS', 'CSVFS', '']

/** `folder` as {@link readFolder} gave it. */
export function folderFindings(folder: FolderFacts | undefined): readonly Finding[] {
  if (!folder) return []
  const { path, fileSystem, freeBytes, attributes, hasIntegrity } = folder
  const found: Finding[] = []
  const bad = (code: string, what: string, fix: string): Finding => ({
    level: 'error',
    code,
    message: `${what}: ${path}`,
    fix,
    error: 'host-not-ready',
  })
  const elsewhere = 'or name another folder in storage.path'
  if (!goodFileSystems.includes(fileSystem))
    found.push(
      bad(
        'folder-file-system',
        `Hyper-V puts no virtual disks on ${fileSystem}`,
        `Use a volume with NTFS, ${elsewhere}.`,
      ),
    )
  if (attributes.includes('Compressed'))
    found.push(
      bad(
        'folder-compressed',
        'Hyper-V puts no virtual disks into a compressed folder',
        `\`compact /u "${path}"\`, ${elsewhere}.`,
      ),
    )
  if (attributes.includes('Encrypted'))
    found.push(
      bad(
        'folder-encrypted',
        'Hyper-V puts no virtual disks into an encrypted folder',
        `\`cipher /d "${path}"\`, ${elsewhere}.`,
      ),
    )
  if (attributes.includes('SparseFile'))
    found.push(
      bad('folder-sparse', 'Hyper-V puts no virtual disks among sparse files', `Name another folder in storage.path.`),
    )
  if (hasIntegrity)
    found.push(
      bad(
        'folder-integrity',
        'ReFS keeps checksums of this folder’s files, and Hyper-V takes no such virtual disks',
        `In an elevated PowerShell: \`Set-FileIntegrity -FileName '${path}' -Enable $false\`, ${elsewhere}.`,
      ),
    )
  if (freeBytes >= 0 && freeBytes < comfortableDiskBytes)
    found.push({
      level: 'warning',
      code: 'host-disk-space',
      message: `only ${roughBytes(freeBytes)} free for machines at ${path}`,
      fix: `Free some space, ${elsewhere}.`,
    })
  return found.length > 0 || freeBytes < 0
    ? found
    : [{ level: 'ok', code: 'host-disk-space', message: `${roughBytes(freeBytes)} free for machines at ${path}` }]
}
