import * as z from 'zod'

/** The spec's key `kvm`: what only this provider has. */
export const kvmOptions = z.strictObject({
  bridge: z
    .string()
    .regex(/^[^\s/:]{1,15}$/, 'this is no name of a bridge: up to 15 characters, without spaces, slashes and colons')
    .optional()
    .meta({
      description:
        "A bridge of the host (`ip link show type bridge`) for the machine's network cards with mode bridged.",
      examples: ['br0'],
    }),
  network: z
    .string()
    .min(1)
    .optional()
    .meta({
      description:
        "A libvirt network for the machine's network cards with mode nat, host-only or (where there is no `bridge`) bridged. Default for nat: QEMU's user-mode network, which needs no rights and no network of the host; for host-only: a network of azl-vm's own, which its machines share.",
      examples: ['default'],
    }),
})

export type KvmOptions = z.output<typeof kvmOptions>
