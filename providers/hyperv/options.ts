import * as z from 'zod'

/** The spec's key `hyperv`: what only this provider has. */
export const hypervOptions = z.strictObject({
  secureBootTemplate: z
    .string()
    .regex(/^[A-Za-z0-9]{1,64}$/, 'this is no name of a Secure Boot template: letters and digits only')
    .optional()
    .meta({
      description:
        'Whose signatures Secure Boot accepts (`(Get-VMHost).SecureBootTemplates` lists them). Only with secureBoot: true. Default: MicrosoftUEFICertificateAuthority, which Linux media are signed for.',
      examples: ['MicrosoftWindows'],
    }),
  switch: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .meta({
      description:
        "A virtual switch of the host (`Get-VMSwitch`) for the machine's network cards with mode nat, bridged or host-only. It must have that effect: bridged needs an external one, host-only an internal one. Default for nat: the Default Switch, or where there is none azl-vm's own network with NAT; for bridged: the host's only external switch; for host-only: a switch of azl-vm's own, which its machines share.",
      examples: ['LAN'],
    }),
  vlan: z
    .int()
    .min(1)
    .max(4094)
    .optional()
    .meta({
      description:
        'VLAN (access) of the network cards that are on `switch` or on an external switch. Default: untagged.',
      examples: [42],
    }),
})

export type HyperVOptions = z.output<typeof hypervOptions>
