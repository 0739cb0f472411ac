import type { MachineRequest } from '../../src/provider/machine.ts'
import { optionsOf } from './request-options.ts'

/** Who signed what Linux boots with: shim. Hyper-V's own default accepts Windows only. */
const usualTemplate = 'MicrosoftUEFICertificateAuthority'

/** Whose signatures the firmware accepts; '' where Secure Boot is off. */
export function secureBootTemplate(request: Pick<MachineRequest, 'spec' | 'options'>): string {
  if (request.spec.machine.firmware.secureBoot !== true) return ''
  return optionsOf(request).secureBootTemplate ?? usualTemplate
}
