/** How a start on VirtualBox goes where the machine is not there yet when its port is, or never comes. */
import { expect, test, vi } from 'vitest'
import { usualPlaces } from '../../providers/virtualbox/host.ts'
import { VirtualBoxProvider } from '../../providers/virtualbox/provider.ts'
import type { Provider } from '../../src/provider/contract.ts'
import { LocalRecorders } from '../../src/recorder/recorders.ts'
import { providerContext, testCall } from '../support/test-environment.ts'
import { watchVirtualBox, type Happening } from '../support/virtualbox-watched.ts'
import type { Bench } from './contract-bench.ts'
import type { VirtualBoxHost } from './virtualbox-host.ts'

export function startTests(bench: () => Bench, host: () => VirtualBoxHost): void {
  /** A provider of another command, which knows nothing of how the machine was made. */
  const open = async (happening: Happening) => {
    const { virtualBox, recorder } = host()
    const { env, take } = await watchVirtualBox(virtualBox, happening)
    const { devices } = virtualBox
    const provider: Provider = new VirtualBoxProvider(providerContext({ env, recorder }), { ...usualPlaces, devices })
    return { provider, take }
  }
  const verbs = (calls: readonly string[]): readonly (string | undefined)[] => calls.map((words) => words.split(' ')[0])

  test('a machine that goes on as soon as its port is listened to is not looked at', async () => {
    const { ref } = await bench().make('seen')
    const { provider, take } = await open({ before: 'nothing', script: ':' })
    await provider.start(ref, testCall())
    expect(verbs(await take())).toEqual(['showvminfo', 'controlvm'])
    expect(await bench().inspect(ref)).toMatchObject({ state: 'running' })
    await bench().destroy(ref)
    await provider.close()
  })

  test('the recorder of a machine that is made begins beside the making, and is let go of with the command', async () => {
    const { recorder } = host()
    const { provider } = await open({ before: 'nothing', script: ':' })
    const request = await bench().request('prepared')
    const [define] = bench().making(request)
    await provider.apply(define!, request, testCall())
    const recorders = new LocalRecorders('virtualbox', providerContext({ recorder }))
    const line = await vi.waitUntil(() => recorders.find(request.ref.id), { timeout: 60_000 })
    await provider.close()
    await line.endRecorder()
    await bench().destroy(request.ref)
  })

  test('one that is not there yet is looked at until it is, and then goes on', async () => {
    const { ref } = await bench().make('slow')
    const refusal = `VBoxManage: error: Invalid machine state: Starting
VBoxManage: error: Details: code VBOX_E_INVALID_VM_STATE (0x80bb0002), component ConsoleWrap, interface IConsole`
    const { provider, take } = await open({ before: 'controlvm', script: `echo '${refusal}' >&2\nexit 1` })
    await provider.start(ref, testCall())
    const asked = verbs(await take())
    expect([asked.slice(0, 3), asked.at(-1)]).toEqual([['showvminfo', 'controlvm', 'showvminfo'], 'controlvm'])
    expect(await bench().inspect(ref)).toMatchObject({ state: 'running' })
    await bench().destroy(ref)
    await provider.close()
  })

  test('one whose process ends early fails with the words of that process, and stays off', async () => {
    const { ref } = await bench().make('broken')
    const words = 'VBoxHeadless: error: The virtual machine has terminated unexpectedly during startup'
    const { provider } = await open({ before: '--startvm', script: `echo '${words}' >&2\nexit 1` })
    await expect(provider.start(ref, testCall())).rejects.toMatchObject({
      message: 'cannot start broken: The virtual machine has terminated unexpectedly during startup',
    })
    expect(await bench().inspect(ref)).toMatchObject({ state: 'off' })
    await bench().destroy(ref)
    await provider.close()
  })
}
