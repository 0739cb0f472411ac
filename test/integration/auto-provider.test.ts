/** `provider: auto` on hosts with and without VirtualBox and VMware, and what a hypervisor that is there is asked. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { definition as kvm } from '../../providers/kvm/index.ts'
import { usualPlaces } from '../../providers/virtualbox/host.ts'
import { VirtualBoxProvider } from '../../providers/virtualbox/provider.ts'
import { VmwareProvider } from '../../providers/vmware/provider.ts'
import { chooseProvider } from '../../src/provider/choose-provider.ts'
import type { ProviderDefinition } from '../../src/provider/contract.ts'
import { ProviderRegistry } from '../../src/provider/registry.ts'
import type { Spec } from '../../src/spec/schema.ts'
import { describeWhere } from '../support/describe-where.ts'
import { loadText, probeSpec, providerContext, testCall } from '../support/test-environment.ts'
import { missingForVirtualBox } from '../support/virtualbox-manage.ts'
import { playVirtualBox, type PlayedVirtualBox } from '../support/virtualbox-standin.ts'
import { missingForVmware, startVmwareStandIn, type VmwareStandIn } from '../support/vmware-stand-in.ts'

const unavailable = missingForVirtualBox() ?? (await missingForVmware())

describeWhere('provider: auto', unavailable, () => {
  let virtualBox: PlayedVirtualBox
  let standIn: VmwareStandIn
  let folder: string
  let spec: Spec
  beforeAll(async () => {
    virtualBox = await playVirtualBox()
    standIn = await startVmwareStandIn()
    folder = await mkdtemp(join(tmpdir(), 'azl-auto-'))
    ;({ spec } = await loadText(folder, probeSpec('box', 'wait', 'machine: { memory: 256MiB }')))
  })
  afterAll(async () => {
    await virtualBox.stop()
    await standIn.stop()
    await rm(folder, { recursive: true, force: true })
  })

  const nowhere = { PATH: '/nowhere', HOME: '/nowhere' }
  const onlyVmware = () => ({ ...nowhere, PATH: standIn.env['PATH'], AZL_VMWARE_SIM: standIn.env['AZL_VMWARE_SIM'] })
  const both = () => ({
    ...onlyVmware(),
    ...virtualBox.env,
    PATH: `${String(virtualBox.env['PATH'])}:${String(standIn.env['PATH'])}`,
  })

  /** What is in the place of /dev, with the kernel modules or without: VirtualBox's, VMware's. */
  async function choose(env: NodeJS.ProcessEnv, devices = virtualBox.devices, vmwareDevices = standIn.devices) {
    const asked: string[] = []
    const withoutLibvirt = { ...env, LIBVIRT_DEFAULT_URI: `qemu+unix:///system?socket=${join(folder, 'nobody')}` }
    const definitions: readonly ProviderDefinition[] = [
      kvm,
      {
        name: 'virtualbox',
        title: 'VirtualBox',
        open: (_host, context) => Promise.resolve(new VirtualBoxProvider(context, { ...usualPlaces, devices })),
      },
      {
        name: 'vmware',
        title: 'VMware',
        open: (_host, context) =>
          Promise.resolve(new VmwareProvider(context, { etc: '/nowhere', devices: vmwareDevices })),
      },
    ]
    const entries = definitions.map((each) => ({ ...each, load: () => Promise.resolve(each) }))
    const registry = new ProviderRegistry(entries, () => providerContext({ env: withoutLibvirt }))
    const call = { ...testCall(), debug: (message: string) => void asked.push(message) }
    const request = { registry, name: 'auto', host: 'local', wanted: spec }
    const { provider, passedOver } = await chooseProvider(request, 'refuse', call)
    await provider.close()
    return {
      provider: provider.name,
      why: Object.fromEntries(passedOver.map((each) => [each.provider, each.why])),
      questions: asked.filter((message) => message.startsWith('VBoxManage:')).length,
    }
  }

  const noVirtualBox = 'VirtualBox is not installed: there is no VBoxManage'
  const noVmware = 'vmware: VMware Workstation or Fusion was not found: there is no vmrun'

  test('a host with neither has each reason told', async () => {
    await expect(choose(nowhere)).rejects.toMatchObject({
      message: expect.stringContaining('kvm: ') as string,
      evidence: [`virtualbox: ${noVirtualBox}`, noVmware],
    })
  })

  test('VMware is taken where VirtualBox is not installed, and asked one question', async () => {
    const before = (await standIn.calls()).length
    expect(await choose(onlyVmware())).toMatchObject({ provider: 'vmware', why: { virtualbox: noVirtualBox } })
    expect((await standIn.calls()).slice(before)).toEqual([['vmware', '-v']])
  })

  test('VirtualBox is taken where both are there, and VMware not asked at all', async () => {
    const before = (await standIn.calls()).length
    const chosen = await choose(both())
    expect(chosen).toMatchObject({ provider: 'virtualbox', why: { kvm: expect.any(String) as string } })
    // One to VirtualBox, and the version, which stands in VBoxManage.
    expect(chosen.questions).toBe(2)
    expect(await standIn.calls()).toHaveLength(before)
  })

  test('VMware is taken where VirtualBox has no kernel module, and that is why', async () => {
    const devices = join(folder, 'dev')
    await mkdir(devices)
    expect(await choose(both(), devices)).toMatchObject({
      provider: 'vmware',
      why: { virtualbox: expect.stringMatching(/kernel module vboxdrv is not there/) as string },
    })
    await expect(choose(onlyVmware(), devices, devices)).rejects.toMatchObject({
      evidence: [expect.any(String), expect.stringMatching(/^vmware: .*kernel module vmmon is not loaded/)],
    })
  })
})
