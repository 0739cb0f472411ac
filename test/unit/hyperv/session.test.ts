/** One PowerShell for all that is asked, also after an interruption. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import * as z from 'zod'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { chooseHost } from '../../../providers/hyperv/host.ts'
import { Session } from '../../../providers/hyperv/session.ts'
import { scriptedWorkerText } from '../../support/scripted-worker.ts'
import { providerContext, testCall } from '../../support/test-environment.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'azl-session-'))
  // An ssh behind which each request is answered with the process that answers it.
  const worker = scriptedWorkerText(`
    process.stdout.write('azl-vm:ready\\n')
    hello()
    readline.createInterface({ input: process.stdin })
      .on('line', (line) => line.startsWith('{') && done(JSON.parse(line).id, process.pid)).on('close', () => process.exit(0))`)
  await writeFile(join(folder, 'ssh'), `#!${process.execPath}\n${worker}`, { mode: 0o755 })
})
afterAll(() => rm(folder, { recursive: true }))

test('what takes back an interrupted request needs no new PowerShell', async () => {
  const env = { PATH: [folder, process.env['PATH'] ?? ''].join(delimiter) }
  const session = new Session(chooseHost('ssh://hv01'), providerContext({ env }))
  const ask = async (): Promise<number> => await session.run('x', {}, { action: 'ask', schema: z.number() }, testCall())
  try {
    const first = await ask()
    const interrupted = new AbortController()
    const debug = (): void => {
      // Said right before the request is sent.
      queueMicrotask(() => {
        interrupted.abort()
      })
    }
    const call = { ...testCall(interrupted.signal), debug }
    await expect(session.run('x', {}, { action: 'ask', schema: z.number() }, call)).rejects.toMatchObject({
      code: 'cancelled',
    })
    expect(await ask()).toBe(first)
  } finally {
    await session.close()
  }
})
