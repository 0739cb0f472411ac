import * as z from 'zod'

/** The spec's key `virtualbox`: what only this provider has. */
export const virtualboxOptions = z.strictObject({
  bridge: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .meta({
      description:
        "The host's network interface for network cards with mode bridged, as `VBoxManage list bridgedifs` names it. Default: the host's only one that is up and has an address.",
      examples: ['eth0', 'Intel(R) Ethernet Connection I217-LM'],
    }),
  hostOnly: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .meta({
      description:
        'The host-only network for network cards with mode host-only, as `VBoxManage list hostonlyifs` names it (macOS: hostonlynets). Default: the first one.',
      examples: ['vboxnet0'],
    }),
})

export type VirtualBoxOptions = z.output<typeof virtualboxOptions>
