/** The pool’s end, where another owner is faster, played by a libvirt that speaks the real protocol. */
import { constants } from 'node:os'
import { errorCodes, LibvirtError } from 'libvirt-ts'
import { fault, ScriptedServer } from 'libvirt-ts/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Session } from '../../../providers/kvm/session.ts'
import { removeEmptyPool } from '../../../providers/kvm/storage.ts'
import { providerContext, testCall } from '../../support/test-environment.ts'
import { uuid } from './kvm-request.ts'

let server: ScriptedServer
let session: Session

beforeEach(async () => {
  server = new ScriptedServer()
    .handle('poolLookupByName', () => ({ pool: { name: 'azl-vm', uuid } }))
    .handle('poolIsActive', () => ({ active: 0 }))
    .handle('poolUndefine', () => undefined)
  const choice = { uri: await server.listen(), why: '', isLocal: false, isSession: false, remote: undefined }
  session = new Session({ ...choice, isProgramNamed: false }, providerContext())
})
afterEach(async () => {
  await session.close()
  await server.close()
})

const remove = async (): Promise<boolean> => {
  const pool = await (await session.connection(testCall())).lookupPool('azl-vm')
  return await removeEmptyPool(session, pool, testCall())
}
const folderFault = (errno: number): LibvirtError =>
  new LibvirtError({
    code: errorCodes['system-error'],
    domain: 18,
    message: 'failed to remove pool',
    level: 2,
    int1: errno,
    int2: -1,
  })

test('a pool whose folder another owner has removed is removed', async () => {
  server.handle('poolDelete', () => {
    throw folderFault(constants.errno.ENOENT)
  })
  expect(await remove()).toBe(true)
  expect(server.calls.map(({ name }) => name)).toContain('poolUndefine')
})

test('a folder that may not be removed is an error, and the pool stays', async () => {
  server.handle('poolDelete', () => {
    throw folderFault(constants.errno.EACCES)
  })
  await expect(remove()).rejects.toMatchObject({ code: 'permission-denied' })
  expect(server.calls.map(({ name }) => name)).not.toContain('poolUndefine')
})

test('a pool that another owner has removed is nobody’s error', async () => {
  server.handle('poolDelete', () => {
    throw fault('no-storage-pool', 'no pool azl-vm', 'storage')
  })
  expect(await remove()).toBe(false)
})
