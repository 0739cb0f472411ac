import { readdir } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { testCall } from '../support/test-environment.ts'
import type { Bench } from './contract-bench.ts'

/** `folder`: where a provider's recorders keep what they hear. */
export function testPreparedRecorder(bench: () => Bench, folder: () => string): void {
  test('the recorder of a machine begins with its making, not only for its start', async () => {
    const provider = await bench().host.open()
    const request = await bench().request('early')
    const [define] = bench().making(request)
    try {
      await provider.apply(define!, request, testCall())
    } finally {
      // Waits for the recorder.
      await provider.close()
    }
    expect(await readdir(folder())).toContain(request.ref.id)
    await bench().destroy(request.ref)
    expect(await readdir(folder())).not.toContain(request.ref.id)
  })
}
