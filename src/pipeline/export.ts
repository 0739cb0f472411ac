/** `export`: a machine's disk, or the machine, as a file, written by the hypervisor's own tool and looked at afterwards. */
import { link, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { AzlVmError, errorText } from '../errors.ts'
import { readDiskImage } from '../media/disk-image.ts'
import type { MachineInfo } from '../provider/machine.ts'
import { isWholeMachine, type ExportFormat } from '../provider/export.ts'
import { hasCode } from '../store/atomic-file.ts'
import { isThere } from '../store/is-there.ts'
import { usageError } from '../usage-error.ts'
import { callFor } from './environment.ts'
import { partOf, removeHalfExports } from './half-exports.ts'
import { locked, requireMade, type LifecycleRequest } from './lifecycle.ts'
import { asCancelled } from './runner.ts'

export interface ExportOptions {
  /** Absolute. */
  readonly file: string
  readonly format: ExportFormat
}

export interface Exported extends ExportOptions {
  /** Of the disk, as a guest sees it; of all of them where the file is the whole machine. */
  readonly sizeBytes: number
  readonly fileBytes: number
  /** The machine's other disks, which are not in it. */
  readonly otherDisks: number
}

/** Nothing is written over, and `file` is there only when it is whole. */
export async function exportMachine(request: LifecycleRequest, { file, format }: ExportOptions): Promise<Exported> {
  await requireFree(file)
  const { environment, found, bus, signal } = request
  const { provider, info } = found
  return await locked(request, 'export', async (journal) => {
    const call = callFor(bus, signal)
    const { capabilities } = await provider.facts(call, { storagePath: undefined, mediumPath: undefined })
    if (!capabilities.exportFormats.includes(format))
      throw new AzlVmError('not-supported', `${provider.name} at ${provider.host} exports no ${format}`, {
        hint: `It exports ${capabilities.exportFormats.join(', ')}: give one with --format.`,
      })
    const now = await provider.inspect(info.ref, call)
    requireMade(now)
    const [disk] = now.disks
    if (!disk) throw new AzlVmError('not-supported', `the machine "${info.ref.name}" has no disk`)
    requireOff(now)
    await removeHalfExports(environment.machines.paths(provider.name, provider.host, info.ref.name).journal)
    const part = partOf(file)
    journal.append({ entry: 'intent', act: 'export', operation: 'export', object: part })
    try {
      const isWhole = isWholeMachine(format)
      const inIt = isWhole ? now.disks : [disk]
      const what = isWhole ? info.ref.name : `the disk of ${info.ref.name}`
      const made = await bus.step('export', `write ${what} as ${format}`, async () => {
        await provider.exportDisk(info.ref, { file: part, format, runId: bus.runId }, call)
        return await verified(
          part,
          format,
          inIt.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
        )
      })
      await publish(part, file)
      journal.append({ entry: 'done', act: 'export', operation: 'export' })
      return { file, format, ...made, otherDisks: now.disks.length - inIt.length }
    } catch (error) {
      throw asCancelled(error, signal)
    } finally {
      await rm(part, { force: true })
    }
  })
}

function requireOff({ ref, state }: MachineInfo): void {
  if (state === 'off') return
  throw new AzlVmError('resource-busy', `the machine "${ref.name}" is ${state}: its disk is being written`, {
    hint: `Stop it first: \`azl-vm stop ${ref.name}\`.`,
  })
}

async function requireFree(file: string): Promise<void> {
  if (await isThere(file)) throw isThereError(file)
  if (await isThere(path.dirname(file))) return
  throw new AzlVmError('path-not-found', `the folder of ${file} is not there`)
}

function isThereError(file: string): AzlVmError {
  return usageError(`${file} is there already; nothing was written`, 'Give another name.')
}

/** A VHD's geometry may need a little more than the disk has; less would have lost something. */
async function verified(
  file: string,
  format: ExportFormat,
  wanted: number,
): Promise<{ readonly sizeBytes: number; readonly fileBytes: number }> {
  const { sizeBytes, hasParent } = await readDiskImage(file, format)
  const isWhole = !hasParent && (format === 'vhd' ? sizeBytes >= wanted : sizeBytes === wanted)
  if (isWhole) return { sizeBytes, fileBytes: (await stat(file)).size }
  const found = hasParent ? 'needs another image' : `holds ${String(sizeBytes)} of ${String(wanted)} bytes`
  throw new AzlVmError('backend-failed', `what the hypervisor wrote ${found}; it was removed`)
}

/** Never over a file that came meanwhile. Where the file system has no links an empty file of ours holds the name first. */
async function publish(part: string, file: string): Promise<void> {
  try {
    await link(part, file).catch(async (error: unknown) => {
      if (hasCode(error, 'EEXIST')) throw error
      await writeFile(file, '', { flag: 'wx' })
      await rename(part, file).catch(async (fault: unknown) => {
        await rm(file, { force: true })
        throw fault
      })
    })
  } catch (error) {
    if (hasCode(error, 'EEXIST')) throw isThereError(file)
    throw new AzlVmError('usage', `${file} cannot be written: ${errorText(error)}`, { cause: error })
  }
}
