/** One daemon per test file, or a printed reason why there is none. */
import { afterAll, beforeAll, describe } from 'vitest'
import { libvirtUnavailable, startLibvirtDaemon } from '../../../../test/support/libvirt-daemon.ts'
import type { LibvirtDaemon } from '../../../../test/support/libvirt-daemon.ts'

export function describeWithDaemon(title: string, tests: (daemon: () => LibvirtDaemon) => void): void {
  const reason = libvirtUnavailable()
  if (reason !== undefined) console.warn(`skipped: ${title}: ${reason}`)
  describe.skipIf(reason !== undefined)(title, () => {
    let daemon: LibvirtDaemon | undefined
    beforeAll(async () => {
      daemon = await startLibvirtDaemon()
    }, 60_000)
    afterAll(() => daemon?.stop(), 60_000)
    tests(() => {
      if (daemon === undefined) throw new Error('the daemon has not started')
      return daemon
    })
  })
}
