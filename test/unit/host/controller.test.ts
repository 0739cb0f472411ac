import { describe, expect, test } from 'vitest'
import { thisController, type Computer } from '../../../src/host/controller.ts'

const missing = Object.assign(new Error('no such file'), { code: 'ENOENT' })

function computer(parts: Partial<Computer>): Computer {
  return {
    platform: 'linux',
    hostName: 'laptop',
    run: () => Promise.reject(new Error('nothing to run')),
    readText: () => Promise.reject(missing),
    ...parts,
  }
}

async function idOf(parts: Partial<Computer>): Promise<string> {
  return (await thisController(computer(parts))).machineId
}

describe('the id that says on which computer machines were made', () => {
  test('is the MachineGuid on Windows', async () => {
    const run = (): Promise<string> => Promise.resolve('\r\n    MachineGuid    REG_SZ    1b2c-3d\r\n')
    expect(await idOf({ platform: 'win32', run })).toBe('1b2c-3d')
  })

  test.each([
    ['fails', () => Promise.reject(new Error('Command timed out after 10000 milliseconds'))],
    ['prints something else', () => Promise.resolve('ERROR: Access is denied.')],
  ])('is nothing else on a run where the program that tells it %s', async (_, run) => {
    const asked = { platform: 'win32', run } as const
    await expect(idOf(asked)).rejects.toMatchObject({ code: 'host-not-ready' })
    await expect(idOf({ ...asked, platform: 'darwin' })).rejects.toMatchObject({ code: 'host-not-ready' })
  })

  test('is nothing else on a run where its file cannot be read', async () => {
    const readText = (): Promise<string> => Promise.reject(Object.assign(new Error('denied'), { code: 'EACCES' }))
    await expect(idOf({ readText })).rejects.toMatchObject({ code: 'host-not-ready' })
  })

  test('is the host name on a system that keeps none', async () => {
    expect(await idOf({})).toBe('laptop')
    expect(await idOf({ readText: () => Promise.resolve('\n') })).toBe('laptop')
  })
})
