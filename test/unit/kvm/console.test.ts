/** How a console ends, played by a libvirt that speaks the real protocol. */
import { ScriptedServer, type ScriptedStream } from 'libvirt-ts/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { definition } from '../../../providers/kvm/index.ts'
import type { ConsoleHandle, Provider } from '../../../src/provider/contract.ts'
import { providerContext, testCall } from '../../support/test-environment.ts'
import { domainXmlOf, kvmPlan, uuid } from './kvm-request.ts'

let server: ScriptedServer
let provider: Provider
let stream: ScriptedStream
/** The number of the run that the machine is in. */
let run = 1

beforeEach(async () => {
  const xml = domainXmlOf(await kvmPlan({ machine: { networks: [], acceleration: 'emulated' } }))
  run = 1
  server = new ScriptedServer()
    .handle('domainLookupByUuid', () => ({ dom: { name: 'azl4', uuid, id: run } }))
    .handle('domainGetXml', () => ({ xml }))
    .handle('domainIsActive', () => ({ active: 1 }))
    .handle('domainOpenConsole', (_, call) => {
      stream = call.stream
    })
  provider = await definition.open(await server.listen(), providerContext())
})
afterEach(async () => {
  await provider.close()
  await server.close()
})

const open = async (): Promise<ConsoleHandle> =>
  await provider.openConsole({ name: 'azl4', id: uuid }, { port: 'firmware', onData: () => undefined }, testCall())

test('a machine that went off and is on again before anybody could look has gone off', async () => {
  const { ended } = await open()
  run = 2
  stream.end()
  expect(await ended).toEqual({ why: 'machine-off' })
})
