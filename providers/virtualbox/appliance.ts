/**
 * A machine as OVA. VirtualBox writes the machine's settings into its descriptor whole, and an import takes them over: our
 * mark, our group (and so the folder of the run), the serial port's socket, the disc in the drive. What belongs to this one
 * machine is taken out before the file leaves our folder (decision 0047).
 */
import { open, type FileHandle } from 'node:fs/promises'
import { AzlVmError } from '../../src/errors.ts'
import { readTarHeader, tarBlock } from '../../src/host/tar-header.ts'
import { markKey, sentence } from './mark-text.ts'

export interface Appliance {
  /** The firmware's variables are in it, with Secure Boot's keys; older versions leave them out (packer-plugin-virtualbox#54). */
  readonly hasVariables: boolean
}

/** In place: nothing becomes longer, and what is over at the descriptor's end is filled with spaces, which XML allows there. */
export async function takeOutOwnership(file: string): Promise<Appliance> {
  const handle = await open(file, 'r+')
  try {
    const header = readTarHeader(await readAt(handle, 0, tarBlock))
    if (!header?.name.endsWith('.ovf')) throw new AzlVmError('backend-failed', `${file} begins with no OVF descriptor`)
    const text = (await readAt(handle, tarBlock, header.sizeBytes)).toString('utf8')
    const without = Buffer.alloc(header.sizeBytes, ' ')
    without.write(withoutOwnership(text))
    await handle.write(without, 0, without.length, tarBlock)
    await handle.sync()
    return { hasVariables: variablesPattern.test(text) }
  } finally {
    await handle.close()
  }
}

const variablesPattern = /<File [^>]*ovf:href="[^"]*\.nvram"/ // <File ovf:id="file1" ovf:href="azl4.nvram" ovf:size="540672"/>

const markPattern = new RegExp(`${sentence}[^\\n<]*`, 'g')
const changedMarkPattern = new RegExp(`<ExtraDataItem name="${markKey}"[^>]*/>`, 'g')
const groupsPattern = /<Groups>[^]*?<\/Groups>/g // <Groups><Group name="/azl-vm/5f2c9a01-m3k2p9xq-1f4-4x2k9-9bd02c11"/></Groups>
const serialPattern = /<Port (?=[^>]*slot="0")(?=[^>]*hostMode="HostPipe")[^>]*\/>/g // <Port slot="0" enabled="true" IOBase="0x3f8" IRQ="4" server="true" path="…" hostMode="HostPipe"/>
const discPattern = /(<AttachedDevice [^>]*type="DVD"[^>]*>\s*)<Image [^>]*\/>/g // <AttachedDevice type="DVD" port="1" device="0"><Image uuid="{…}"/></AttachedDevice>

/** No text of a user's is taken for an element: in texts `<` is escaped. */
function withoutOwnership(descriptor: string): string {
  const text = descriptor
    .replace(markPattern, '')
    .replace(changedMarkPattern, '')
    .replace(groupsPattern, '')
    .replace(discPattern, '$1')
    .replace(serialPattern, (port) =>
      port.replace(/ (?:server|path)="[^"]*"/g, '').replace('"HostPipe"', '"Disconnected"'),
    )
  if (/azl-vm:mark:|<Group name="\/azl-vm\//.test(text))
    throw new AzlVmError(
      'backend-failed',
      'VirtualBox wrote the machine in a way in which azl-vm cannot take out its mark',
    )
  return text
}

async function readAt(handle: FileHandle, at: number, length: number): Promise<Buffer> {
  return (await handle.read(Buffer.alloc(length), 0, length, at)).buffer
}
