/**
 * The operations that several providers plan alike, each with its parameters as data. A provider adds what is its own:
 * more outputs, its hypervisor's words, the script.
 */
import type { MachineRequest } from './machine.ts'
import type { Operation, Plan, PlanDiagnostic, ScriptLanguage } from './plan.ts'

/** {@link operation} for the parameters of one provider. */
export type MakeOperation<Parameters> = (
  id: string,
  title: string,
  object: Operation['object'],
  parameters: Parameters,
  rest: Pick<Operation, 'undo'> & Partial<Pick<Operation, 'outputs' | 'native'>>,
) => Operation

/** An operation that gets its script when the plan is whole. */
export const operation: MakeOperation<object> = (id, title, object, parameters, rest) => ({
  id,
  title,
  object,
  parameters: { ...parameters },
  script: [],
  outputs: [],
  ...rest,
})

/** How what is a part of the machine is taken back. */
export const withMachine = 'goes with the machine'

/** A disk of the machine, as a file of its own. */
export interface DiskParameters {
  readonly kind: 'disk'
  /** Counts the spec's disks from 0. */
  readonly index: number
  /** As planned; in the machine's folder. */
  readonly path: string
  readonly sizeBytes: number
}

/** The disks of the spec; `pathOf` says where each is made. */
export function makeDisks({ ref, spec }: MachineRequest, pathOf: (index: number) => string): readonly Operation[] {
  return spec.machine.disks.map(({ size }, index) => {
    const path = pathOf(index)
    const parameters: DiskParameters = { kind: 'disk', index, path, sizeBytes: size }
    return operation(
      `disk-${String(index)}`,
      `make disk ${String(index)} of ${ref.name}`,
      { kind: 'disk', name: path },
      parameters,
      { undo: 'goes with the machine’s folder' },
    )
  })
}

export interface MediumParameters {
  readonly kind: 'medium'
  /** On the host. */
  readonly path: string
}

/** Puts the installer into its drive. */
export function attachInstaller(path: string): Operation {
  const parameters: MediumParameters = { kind: 'medium', path }
  return operation(
    'attach-installer',
    'put the medium into the optical drive',
    { kind: 'medium', name: path },
    parameters,
    { undo: 'eject it', outputs: ['place'] },
  )
}

export interface StartParameters {
  readonly kind: 'start'
}

/** Switches the machine on: the last operation of every plan. */
export function startMachine({ ref }: MachineRequest): Operation {
  const parameters: StartParameters = { kind: 'start' }
  return operation('start', `start ${ref.name}`, { kind: 'start', name: ref.name }, parameters, {
    undo: 'switch it off',
    outputs: ['acceleration'],
  })
}

/** The plan of what cannot be made, for the errors among its diagnostics. */
export function emptyPlan(diagnostics: readonly PlanDiagnostic[], language: ScriptLanguage): Plan {
  return { diagnostics, operations: [], script: { language, prologue: [], epilogue: [] }, choices: [] }
}

/** What a script that is run on this system is written in. */
export function scriptLanguageOf(platform: NodeJS.Platform): ScriptLanguage {
  return platform === 'win32' ? 'ps1' : 'sh'
}
