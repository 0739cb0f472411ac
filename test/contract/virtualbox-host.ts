/** VirtualBox for the contract suite, and what a user could do there with VBoxManage. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { VirtualBoxProvider } from '../../providers/virtualbox/provider.ts'
import { usualPlaces } from '../../providers/virtualbox/host.ts'
import type { RecorderPlace } from '../../src/provider/contract.ts'
import { buildRecorder } from '../support/recorder-program.ts'
import { providerContext } from '../support/test-environment.ts'
import { playVirtualBox, type PlayedVirtualBox } from '../support/virtualbox-standin.ts'
import type { ContractHost } from './contract-bench.ts'

export interface VirtualBoxHost extends ContractHost {
  readonly virtualBox: PlayedVirtualBox
  readonly recorder: RecorderPlace
}

export async function openVirtualBoxHost(): Promise<VirtualBoxHost> {
  const virtualBox = await playVirtualBox()
  const { folder, env, devices, play } = virtualBox
  const machines = join(folder, 'machines')
  const built = await buildRecorder()
  const recorder = { folder: join(folder, 'recorders'), command: built.command }
  // As in one process: locks and what is known of the host are shared by all that is opened.
  const context = providerContext({ env, recorder })
  return {
    virtualBox,
    recorder,
    open: () => Promise.resolve(new VirtualBoxProvider(context, { ...usualPlaces, devices })),
    openUnready: () =>
      Promise.resolve(new VirtualBoxProvider(providerContext({ env: { PATH: '/nowhere' } }), usualPlaces)),
    makeForeignMachine: async (name) => {
      const said = await play('createvm', '--name', name, '--ostype', 'Fedora_64', '--register')
      return { name, id: /UUID: ([0-9a-f-]{36})/.exec(said)?.[1] ?? '' }
    },
    removeForeignMachine: async ({ id }) => {
      await play('unregistervm', id, '--delete')
      // VirtualBox leaves the folders of a group that it copied.
      await rm(join(machines, 'copies'), { recursive: true, force: true })
    },
    copyByHand: async (ref, name) => {
      await play('clonevm', ref.id, '--name', name, '--basefolder', join(machines, 'copies'), '--register')
      const listed = await play('list', 'vms')
      return { name, id: new RegExp(`"${name}" \\{([0-9a-f-]{36})\\}`).exec(listed)?.[1] ?? '' }
    },
    makeLeftover: async (name, runId) => {
      const place = join(machines, 'azl-vm', runId)
      await mkdir(join(place, name), { recursive: true })
      await writeFile(join(place, name, `${name}.vbox-tmp`), '')
      return place
    },
    firmwareText: ({ id }) => readFile(join(folder, 's', 'run', id, 'firmware.txt'), 'latin1').catch(() => ''),
    inventory: async () => {
      const listed = await play('list', 'vms')
      const disks = await play('list', 'hdds')
      const files = await readdir(machines, { recursive: true }).catch(() => [])
      return [
        ...[...listed.matchAll(/^"(.*)" \{/gm)].map(([, name = '']) => `machine ${name}`),
        ...[...disks.matchAll(/^Location: +(.*)$/gm)].map(([, file = '']) => `disk ${file}`),
        // VirtualBox keeps the settings before the last change too.
        ...files.filter((name) => !name.endsWith('.vbox-prev')).map((name) => `file ${name}`),
      ].toSorted()
    },
    close: async () => {
      await virtualBox.stop()
      await built.remove()
    },
  }
}
