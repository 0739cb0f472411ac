/** What concerns azl-vm itself on this computer, whatever the hypervisor. */
import { access, constants, stat, statfs } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { errorText } from '../errors.ts'
import type { Finding } from '../provider/contract.ts'
import { roughBytes } from '../format-bytes.ts'

/** A machine of the default size with a medium wants this much; less is worth a word. */
const comfortableDiskBytes = 20 * 1024 ** 3
const comfortableMemoryBytes = 4 * 1024 ** 3

export async function machineFindings(home: string): Promise<readonly Finding[]> {
  return [await homeFinding(home), await spaceFinding(home), memoryFinding(os.freemem())]
}

/** The folder itself, or the nearest one above it that is there: doctor makes none. A file in its place is an error. */
async function nearestFolder(folder: string): Promise<string> {
  const found = await stat(folder).catch(() => undefined)
  if (found?.isDirectory()) return folder
  if (found || folder === path.dirname(folder)) throw new Error(`${folder} is no folder`)
  return await nearestFolder(path.dirname(folder))
}

async function homeFinding(home: string): Promise<Finding> {
  try {
    await access(await nearestFolder(home), constants.W_OK)
    return { level: 'ok', code: 'home-writable', message: `azl-vm keeps its state in ${home}` }
  } catch (error) {
    return {
      level: 'error',
      code: 'home-not-writable',
      error: 'state-not-writable',
      message: `azl-vm cannot write its state to ${home}: ${errorText(error)}`,
      fix: 'Set AZL_VM_HOME to a folder that you can write.',
    }
  }
}

async function spaceFinding(home: string): Promise<Finding> {
  try {
    const { bavail, bsize } = await statfs(await nearestFolder(home))
    const free = bavail * bsize
    if (free >= comfortableDiskBytes)
      return { level: 'ok', code: 'disk-space', message: `${roughBytes(free)} free at ${home}` }
    return {
      level: 'warning',
      code: 'disk-space',
      message: `only ${roughBytes(free)} free at ${home}`,
      fix: 'Free some space, or set AZL_VM_HOME to a bigger disk.',
    }
  } catch (error) {
    return {
      level: 'info',
      code: 'disk-space',
      message: `the free space at ${home} cannot be read: ${errorText(error)}`,
    }
  }
}

function memoryFinding(free: number): Finding {
  if (free >= comfortableMemoryBytes)
    return { level: 'ok', code: 'memory', message: `${roughBytes(free)} of memory free` }
  return {
    level: 'warning',
    code: 'memory',
    message: `only ${roughBytes(free)} of memory free; a machine has 4GiB by default`,
    fix: 'Close something, or set machine.memory lower.',
  }
}
