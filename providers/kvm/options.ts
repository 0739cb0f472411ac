import * as z from 'zod'

/** The spec's key `kvm`: what only this provider has. */
export const kvmOptions = z.strictObject({
  network: z
    .string()
    .min(1)
    .optional()
    .meta({
      description:
        "A libvirt network for the machine's network cards with mode nat, bridged or host-only. Default for nat: QEMU's user-mode network, which needs no rights and no network of the host.",
      examples: ['default'],
    }),
})

export type KvmOptions = z.output<typeof kvmOptions>
