/** What a claim of a name on VirtualBox keeps to, whoever else takes that name and however seldom it is looked. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { usualPlaces } from '../../providers/virtualbox/host.ts'
import { VirtualBoxProvider } from '../../providers/virtualbox/provider.ts'
import type { Provider, ProviderContext } from '../../src/provider/contract.ts'
import type { MachineRequest } from '../../src/provider/machine.ts'
import { providerContext, testCall } from '../support/test-environment.ts'
import { watchVirtualBox } from '../support/virtualbox-watched.ts'
import type { Bench } from './contract-bench.ts'
import type { VirtualBoxHost } from './virtualbox-host.ts'

export function claimTests(bench: () => Bench, host: () => VirtualBoxHost): void {
  const open = (context: Partial<ProviderContext>): Provider => {
    const { env, devices } = host().virtualBox
    return new VirtualBoxProvider(providerContext({ env, ...context }), { ...usualPlaces, devices })
  }
  const claim = async (provider: Provider, request: MachineRequest): Promise<void> => {
    const [define] = bench().making(request)
    await provider.apply(define!, request, testCall())
  }
  const named = async (name: string) =>
    (await bench().provider.findByName(name, testCall())).map(({ ref, mark }) => ({ id: ref.id, runId: mark?.runId }))

  test('who takes the name between the look and the making keeps it, untouched, and ours goes again', async () => {
    const { folder } = host().virtualBox
    const [theirs, asMade] = [join(folder, 'machines', 'Taken', 'Taken.vbox'), join(folder, 'as-made.vbox')]
    const { env } = await watchVirtualBox(host().virtualBox, {
      before: 'createvm',
      script: `"$real" createvm --name Taken --ostype Fedora_64 --register >/dev/null && cp '${theirs}' '${asMade}'`,
    })
    const provider = open({ env })
    const request = await bench().request('taken')
    expect(await provider.findByName('taken', testCall())).toEqual([])
    await expect(claim(provider, request)).rejects.toMatchObject({ code: 'machine-exists' })
    expect(await host().inventory()).toEqual(['file Taken', 'file Taken/Taken.vbox', 'machine Taken'])
    expect(await readFile(theirs, 'utf8')).toBe(await readFile(asMade, 'utf8'))
    const [foreign] = await provider.findByName('taken', testCall())
    await host().removeForeignMachine(foreign!.ref)
  })

  test('of two runs that share no lock the one whose machine is registered later goes, also where it was begun first', async () => {
    const [begunFirst, begunLater] = [await bench().request('raced'), await bench().request('Raced')]
    const [slow, fast] = [open({}), open({})]
    for (const provider of [slow, fast]) expect(await provider.findByName('raced', testCall())).toEqual([])
    await claim(fast, begunLater)
    await expect(claim(slow, begunFirst)).rejects.toMatchObject({ code: 'machine-exists' })
    expect(await named('raced')).toEqual([{ id: begunLater.ref.id, runId: begunLater.mark.runId }])
    await bench().destroy(begunLater.ref)
  })

  test('of two that share no lock and claim at the same moment one stays', async () => {
    const requests = [await bench().request('twice'), await bench().request('TWICE')]
    const claims = await Promise.allSettled(
      requests.map(async (request) => {
        const provider = open({})
        await provider.findByName('twice', testCall())
        await claim(provider, request)
      }),
    )
    const refused = claims.filter((each) => each.status === 'rejected')
    expect(refused.map(({ reason }) => reason as unknown)).toMatchObject([{ code: 'machine-exists' }])
    const stays = requests[claims.findIndex(({ status }) => status === 'fulfilled')]
    expect(await named('twice')).toEqual([{ id: stays?.ref.id, runId: stays?.mark.runId }])
    await bench().destroy(stays!.ref)
  })

  test('the name is looked up in a list of this very command, unless that has changed anything or had to wait since', async () => {
    const { env, take } = await watchVirtualBox(host().virtualBox)
    const provider = open({ env })
    const lists = async (): Promise<number> => (await take()).filter((words) => words.startsWith('list --long')).length
    const requests = [
      await bench().request('listed'),
      await bench().request('changed'),
      await bench().request('waited'),
    ]
    const [first, second, third] = requests
    await provider.findByName('listed', testCall())
    await lists()
    await claim(provider, first!)
    expect(await lists(), 'beside the call that marks it').toBe(1)
    await provider.findByName('changed', testCall())
    await claim(provider, second!)
    expect(await lists(), 'a command that has made something').toBe(3)
    const waiting = open({ env, sharedLock: (_name, _call, work) => work(true) })
    await waiting.findByName('waited', testCall())
    await claim(waiting, third!)
    expect(await lists(), 'a command that had to wait').toBe(3)
    for (const { ref } of requests) await bench().destroy(ref)
  })
}
