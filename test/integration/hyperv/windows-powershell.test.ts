/** The worker under the real Windows PowerShell 5.1, which the simulator's engine only plays. Needs Windows, not Hyper-V. */
import { expect, test } from 'vitest'
import { startLocal } from '../../../providers/hyperv/host-process.ts'
import { localLaunch } from '../../../providers/hyperv/launch.ts'
import { Worker } from '../../../providers/hyperv/worker.ts'

const missing = process.platform === 'win32' ? undefined : 'needs Windows'

test.skipIf(missing !== undefined)(
  `the worker says who it is, and what it cannot do${missing === undefined ? '' : ` [skipped: ${missing}]`}`,
  async () => {
    const worker = new Worker(startLocal(localLaunch('worker', { env: process.env })))
    try {
      expect(await worker.hello).toMatchObject({ psEdition: 'Desktop', languageMode: 'FullLanguage', separator: '\\' })
      const { signal } = new AbortController()
      const unknown = worker.request({ verb: 'no-such-verb-ü', arguments: {}, timeoutMs: 60_000, signal })
      await expect(unknown).rejects.toThrow('no-such-verb-ü')
    } finally {
      await worker.close()
    }
  },
)
