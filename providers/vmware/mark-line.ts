/** The mark: the line `azlvm.mark` of the .vmx, with the path of that very file; what changes lies in a note beside it. */
import type { Mark } from '../../src/provider/mark.ts'
import { isListOf, isOptional, isText, parseMark } from '../../src/provider/parse-mark.ts'
import { isSamePath } from './names.ts'
import type { VmxFile } from './vmx-file.ts'

/** What may change while VMware holds the .vmx in its memory. */
export interface Note {
  readonly mark?: Partial<Pick<Mark, 'phase' | 'creator' | 'expires'>>
  /** It was switched on at least once. */
  readonly hasStarted?: boolean
  /** The medium's drive as it is to be from now on, where the .vmx could not be written: null is empty. */
  readonly installer?: string | null | undefined
  /** Uids of snapshots that were deleted while the disks of clones lie on them. */
  readonly deletedSnapshots?: readonly string[]
}

/** `disks`: names of the files that are made for the machine, beside its .vmx; what else lies there is somebody else's. */
export function markText(mark: Mark, vmx: string, disks: readonly string[]): string {
  return JSON.stringify({ ...mark, provider: { ...mark.provider, vmx, disks } })
}

/** The disks that the mark names; none where it is of a version that named none. */
export function disksInMark({ provider }: Mark): readonly string[] {
  return (provider['disks'] ?? []) as readonly string[]
}

/** The mark that a .vmx carries, also that of another machine which it is a copy of; see {@link isMarkOf}. */
export function markIn(vmx: VmxFile, note: Note): Mark | undefined {
  const text = vmx.get('azlvm.mark')
  const mark =
    text === undefined
      ? undefined
      : parseMark(text, (data) => isText(data['vmx']) && isOptional(data['disks'], (value) => isListOf(value, isText)))
  return mark && { ...mark, ...note.mark }
}

/** Whether the mark was made for the machine of this file: what lies at another path is a copy, or was moved away. */
export function isMarkOf(mark: Mark, vmx: string, platform: NodeJS.Platform): boolean {
  return isSamePath(String(mark.provider['vmx']), vmx, platform)
}
