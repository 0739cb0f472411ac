import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { takeOutOwnership } from '../../../providers/virtualbox/appliance.ts'
import { markKey, sentence } from '../../../providers/virtualbox/mark-text.ts'
import { tarEntry } from '../../support/tar-entry.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'azl-ova-'))
})
afterAll(() => rm(folder, { recursive: true }))

const foreignPort = '<Port slot="1" enabled="true" server="false" path="/their.sock" hostMode="HostPipe"/>'
const variables = '<File ovf:id="file1" ovf:href="a.nvram"/>'

/** As VirtualBox 7.2.22 wrote it, shortened. */
const descriptor = (inside = '', files = variables): string => `<Envelope><References>${files}</References>
  <Annotation>theirs &lt;Groups&gt;
${sentence}{&quot;tool&quot;:&quot;azl-vm&quot;}
also theirs</Annotation>${inside}
  <ExtraData>
    <ExtraDataItem name="${markKey}" value="{&quot;phase&quot;:&quot;ready&quot;}"/>
    <ExtraDataItem name="theirs" value="1"/>
  </ExtraData>
  <UART><Port slot="0" enabled="true" server="true" path="/ours/com1.sock" hostMode="HostPipe"/>${foreignPort}</UART>
  <AttachedDevice type="HardDisk" port="0"><Image uuid="{1}"/></AttachedDevice>
  <AttachedDevice passthrough="false" type="DVD" port="1"><Image uuid="{2}"/></AttachedDevice>
  <Groups>
    <Group name="/azl-vm/5f2c9a01-m3k2p9xq-1f4-4x2k9-9bd02c11"/>
  </Groups>
</Envelope>
`

async function pack(name: string, text: string): Promise<string> {
  const file = join(folder, name)
  await writeFile(file, Buffer.concat([tarEntry('a.ovf', Buffer.from(text)), tarEntry('a.vmdk', Buffer.alloc(700, 9))]))
  return file
}

test('what belongs to the machine alone is taken out, what is somebody else’s and all other bytes stay', async () => {
  const file = await pack('whole.ova', descriptor())
  const before = await readFile(file)
  expect(await takeOutOwnership(file)).toEqual({ hasVariables: true })
  const after = await readFile(file)
  const end = 512 + Buffer.byteLength(descriptor())
  expect([after.subarray(0, 512), after.subarray(end)]).toEqual([before.subarray(0, 512), before.subarray(end)])
  expect(after.toString('utf8', 512, end).trimEnd()).toBe(`<Envelope><References>${variables}</References>
  <Annotation>theirs &lt;Groups&gt;

also theirs</Annotation>
  <ExtraData>
    
    <ExtraDataItem name="theirs" value="1"/>
  </ExtraData>
  <UART><Port slot="0" enabled="true" hostMode="Disconnected"/>${foreignPort}</UART>
  <AttachedDevice type="HardDisk" port="0"><Image uuid="{1}"/></AttachedDevice>
  <AttachedDevice passthrough="false" type="DVD" port="1"></AttachedDevice>
  
</Envelope>`)
})

test('where a version writes the mark in another way the export fails', async () => {
  const text = descriptor(`<Note text="azl-vm:mark:1 {}"/>`)
  const file = await pack('marked.ova', text)
  await expect(takeOutOwnership(file)).rejects.toMatchObject({ code: 'backend-failed' })
})

test('that firmware variables are missing is told', async () => {
  expect(await takeOutOwnership(await pack('bare.ova', descriptor('', '')))).toEqual({ hasVariables: false })
})
