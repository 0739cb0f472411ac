/** Whether the folder for machines is one that Hyper-V puts virtual disks into, and how much room it has. */
import * as z from 'zod'
import { roughBytes } from '../../src/format-bytes.ts'
import type { Call, Finding } from '../../src/provider/contract.ts'
import type { PlanDiagnostic } from '../../src/provider/plan.ts'
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

type FolderFacts = z.output<typeof folderSchema>

/** A folder for machines, which need not be there yet. */
export interface LookedAt {
  readonly path: string
  /** Of the folder, or of the nearest one above it that is there; null where none is. */
  readonly nearest: FolderFacts | null
}

export async function readFolder(session: Session, path: string, call: Call): Promise<LookedAt> {
  const schema = z.object({ folder: folderSchema.nullable() })
  const asked = { action: `look at ${path}`, schema, isWithoutRights: true }
  return { path, nearest: (await session.run('get-folder', { path }, asked, call)).folder }
}

/** What a machine of the default size grows to, with a medium beside it. */
const comfortableDiskBytes = 20 * 1024 ** 3

/** Hyper-V's own files of a machine and its empty disks take about as much before anything runs. */
const leastDiskBytes = 64 * 1024 ** 2

/** Hyper-V puts virtual disks on NTFS, ReFS and a cluster’s volumes. Source: hashicorp/packer#9922, vagrant#11118. */
const goodFileSystems = ['NTFS', 'ReFS', 'CSVFS', '']

interface FolderFault {
  readonly code: string
  readonly message: string
  readonly fix: string
}

/** For doctor: what the folder is that is used where a spec names none. A spec may name another, so nothing is an error. */
export function folderFindings({ nearest }: LookedAt): readonly Finding[] {
  if (nearest === null) return []
  const found = kindFaults(nearest).map((fault): Finding => ({ level: 'warning', ...fault }))
  const { path, freeBytes } = nearest
  const message = `${roughBytes(freeBytes)} free for machines at ${path}`
  const code = 'host-disk-space'
  if (freeBytes >= 0 && freeBytes < comfortableDiskBytes)
    return [...found, { level: 'warning', code, message: `only ${message}`, fix: `Free some space, ${elsewhere}.` }]
  return found.length > 0 || freeBytes < 0 ? found : [{ level: 'ok', code, message }]
}

/** Why a machine cannot be made in the folder that the plan takes. */
export function folderDiagnostics({ path, nearest }: LookedAt): readonly PlanDiagnostic[] {
  const fault = (code: PlanDiagnostic['code'], message: string, hint: string): PlanDiagnostic => ({
    level: 'error',
    path: ['storage', 'path'],
    code,
    message,
    hint,
  })
  if (nearest === null)
    return [
      fault(
        'host-not-ready',
        `neither ${path} nor a folder above it is there for this account`,
        `See that the drive or share is there, ${elsewhere}.`,
      ),
    ]
  const { freeBytes } = nearest
  const isFull = freeBytes >= 0 && freeBytes < leastDiskBytes
  return [
    ...kindFaults(nearest).map(({ message, fix }) => fault('host-not-ready', message, fix)),
    ...(isFull
      ? [
          fault(
            'no-space',
            `only ${roughBytes(freeBytes)} free for machines at ${nearest.path}`,
            `Free some space, ${elsewhere}.`,
          ),
        ]
      : []),
  ]
}

const elsewhere = 'or name another folder in storage.path'

/** What keeps Hyper-V from putting virtual disks there. */
function kindFaults({ path, fileSystem, attributes, hasIntegrity }: FolderFacts): readonly FolderFault[] {
  const found: FolderFault[] = []
  if (!goodFileSystems.includes(fileSystem))
    found.push({
      code: 'folder-file-system',
      message: `Hyper-V puts no virtual disks on ${fileSystem}: ${path}`,
      fix: `Use a volume with NTFS, ${elsewhere}.`,
    })
  if (attributes.includes('Compressed'))
    found.push({
      code: 'folder-compressed',
      message: `Hyper-V puts no virtual disks into a compressed folder: ${path}`,
      fix: `\`compact /u "${path}"\`, ${elsewhere}.`,
    })
  if (attributes.includes('Encrypted'))
    found.push({
      code: 'folder-encrypted',
      message: `Hyper-V puts no virtual disks into an encrypted folder: ${path}`,
      fix: `\`cipher /d "${path}"\`, ${elsewhere}.`,
    })
  if (attributes.includes('SparseFile'))
    found.push({
      code: 'folder-sparse',
      message: `Hyper-V puts no virtual disks among sparse files: ${path}`,
      fix: 'Name another folder in storage.path.',
    })
  if (hasIntegrity)
    found.push({
      code: 'folder-integrity',
      message: `ReFS keeps checksums of this folder’s files, and Hyper-V takes no such virtual disks: ${path}`,
      fix: `In an elevated PowerShell: \`Set-FileIntegrity -FileName '${path}' -Enable $false\`, ${elsewhere}.`,
    })
  return found
}
