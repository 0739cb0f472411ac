/** Secure Boot and TPM from inside a guest that nobody here signed: Debian's shim, GRUB and kernel. */
import { expect, it } from 'vitest'
import { describeE2e } from '../support/e2e-world.ts'
import { linuxGuestIso } from '../support/linux-guest.ts'

describeE2e('a signed Linux', (world) => {
  it('boots with Secure Boot on and sees that, and has a TPM that has measured the boot', async () => {
    const user = await world().user()
    const iso = world().path('signed.iso')
    await linuxGuestIso(iso, 'report')
    const spec = await world().spec('signed', {
      source: { iso },
      machine: { memory: '512MiB', disks: [], networks: [], firmware: { secureBoot: true, tpm: true } },
    })
    const result = await user.json(['up', spec])
    expect(result).toMatchObject({
      bootOutcome: { is: 'left-for', target: 'installer' },
      machine: { secureBoot: true, tpm: true },
    })
    // Ends when the guest has switched itself off.
    const log = (await user.run(['logs', 'signed', '--follow'])).stdout
    const told = (key: string): string => new RegExp(`^guest: ${key} (.*?)\\r?$`, 'm').exec(log)?.[1] ?? `none:\n${log}`
    expect(told('secure-boot')).toBe('1')
    expect(told('kernel')).toMatch(/secure boot enabled/i)
    // The kernel closes itself only where it was told that the boot was a secure one.
    expect(told('lockdown')).toContain('[integrity]')
    expect(told('tpm-version')).toBe('2')
    // The register that firmware and shim extend with who signed what; without a measurement it is all zero.
    expect(told('tpm-pcr-7')).toMatch(/^(?!0+$)[0-9A-F]{64}$/)
    expect(await user.run(['destroy', 'signed'])).toMatchObject({ exitCode: 0 })
    expect(await world().leftBehind()).toEqual([])
  })
})
