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
})

export type HyperVOptions = z.output<typeof hypervOptions>
