import { AzlVmError } from '../../src/errors.ts'

/** VMware's tools act on the computer that they run on; throws usage for any other host. */
export function requireLocal(host: string): void {
  if (host === 'local') return
  throw new AzlVmError('usage', `'${host}' is no host of VMware Workstation or Fusion`, {
    hint: 'Write local, and run azl-vm on the computer that has VMware.',
  })
}
