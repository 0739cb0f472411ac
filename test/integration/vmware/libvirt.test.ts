/** libvirt's vmware driver: a reader of .vmx files that is not ours, and a client of the stand-in that is not ours. */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { withMedium, machineVmx } from '../../../providers/vmware/machine-vmx.ts'
import type { VmxFile } from '../../../providers/vmware/vmx-file.ts'
import { vmwareShape } from '../../support/vmware-shape.ts'
import { missingForVmware, startVmwareStandIn, type VmwareStandIn } from '../../support/vmware-stand-in.ts'
import { describeWhere } from '../../support/describe-where.ts'

const hasVirsh = !(await execa('virsh', ['--version'], { reject: false })).failed
const missing = (await missingForVmware()) ?? (hasVirsh ? undefined : 'virsh is not installed')

describeWhere('libvirt', missing, () => {
  let standIn: VmwareStandIn
  beforeAll(async () => {
    standIn = await startVmwareStandIn()
  })
  afterAll(() => standIn.stop())

  const virsh = async (...args: readonly string[]): Promise<string> => {
    const asked = await execa('virsh', ['-c', 'vmwarews:///session', ...args], { env: standIn.env, reject: false })
    return `${asked.stdout}\n${asked.stderr}`
  }
  const write = async (vmx: VmxFile, name: string): Promise<string> => {
    const file = join(standIn.machines, name, `${name}.vmx`)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, vmx.toString())
    return file
  }
  const read = async (vmx: VmxFile): Promise<string> =>
    await virsh('domxml-from-native', 'vmware-vmx', await write(vmx, 'read'))

  test('reads from a .vmx what azl-vm meant: name, id, memory, processors, firmware, discs, card, serial port', async () => {
    const mark = JSON.stringify({ v: 1, name: 'azl4', note: 'a "quoted" | text' })
    const xml = await read(withMedium(machineVmx(vmwareShape, mark), 'sata0:0', '/isos/azl 4 & more.iso'))
    for (const piece of [
      '<name>azl4</name>',
      `<uuid>${vmwareShape.id}</uuid>`,
      "<memory unit='KiB'>524288</memory>",
      "<vcpu placement='static'>2</vcpu>",
      "<os firmware='efi'>",
      "<type arch='x86_64'>hvm</type>",
      "<source file='/isos/azl 4 &amp; more.iso'/>",
      "<target dev='sda' bus='sata'/>",
      "<target dev='sdb' bus='sata'/>",
      "<mac address='52:54:00:12:34:56' type='static' check='no'/>",
      "<model type='e1000e'/>",
      `<source path='${vmwareShape.serialPath}'/>`,
      "<serial type='pipe'>",
    ])
      expect(xml).toContain(piece)
  })

  test('says no where a .vmx is wrong, so that its yes means something', async () => {
    const broken = machineVmx(vmwareShape).with(['ethernet0.virtualDev', 'e1001'])
    expect(await read(broken)).toMatch(/Expecting VMX entry 'ethernet0\.virtualDev' to be/)
  })

  test('finds the machine that the stand-in runs, by the arguments that it gives to vmrun itself', async () => {
    const vmx = machineVmx({ ...vmwareShape, disks: [], secureBoot: false, serialPath: join(standIn.folder, 'com1') })
    const file = await write(vmx, 'azl4')
    await standIn.vmrun('start', file, 'nogui')
    expect(await virsh('list', '--all')).toMatch(/azl4 +running/)
    expect(await virsh('domuuid', 'azl4')).toContain(vmwareShape.id)
    await standIn.vmrun('stop', file, 'hard')
    expect(await virsh('list', '--all')).not.toContain('running')
    expect(await standIn.calls()).toContainEqual(['vmrun', '-T', 'ws', 'list'])
  })
})
