/** The plan as a script for VMware's tools, to be read and run by hand. */
import { scriptLanguageOf } from '../../src/provider/operations.ts'
import type { Operation, Plan } from '../../src/provider/plan.ts'
import { literal } from '../../src/provider/powershell-literal.ts'
import { quote } from '../../src/provider/shell-text.ts'
import type { VmwareNative } from './facts.ts'
import { drives, machineVmx, withMedium } from './machine-vmx.ts'
import { pathsOf, serialPath, vmxFile } from './names.ts'
import { parametersOf, type MachineParameters } from './parameters.ts'
import { diskArguments } from './session.ts'

interface Words {
  readonly call: (program: string, args: readonly string[]) => string
  /** A call that ends the script where it fails. */
  readonly run: (program: string, args: readonly string[]) => string
  readonly makeFolder: (folder: string) => string
  readonly writeFile: (file: string, text: string) => readonly string[]
  readonly removeFolder: (folder: string) => string
}

const sh: Words = {
  call: callSh,
  run: callSh,
  // It fails where there is one.
  makeFolder: (folder) => `mkdir -p ${quote(pathsOf('linux').dirname(folder))} && mkdir ${quote(folder)}`,
  writeFile: (file, text) => {
    const lines = text.replace(/\n$/, '').split('\n')
    // A line of the document itself must not be taken for its end: what follows would be run.
    let end = 'AZL_VM_END'
    while (lines.includes(end)) end += '_'
    return [`cat >${quote(file)} <<'${end}'`, ...lines, end]
  },
  removeFolder: (folder) => `rm -r ${quote(folder)}`,
}

const ps1: Words = {
  call: callPs1,
  run: (program, args) => `${callPs1(program, args)}; if ($LASTEXITCODE -ne 0) { throw 'VMware failed.' }`,
  makeFolder: (folder) =>
    `if (Test-Path -LiteralPath ${literal(folder)}) { throw 'The folder is there already.' }; $null = New-Item -ItemType Directory -Path ${literal(folder)}`,
  writeFile: (file, text) => [
    // UTF-8 without a byte order mark, which a .vmx has none of.
    `[System.IO.File]::WriteAllText(${literal(file)}, (@(`,
    ...text
      .replace(/\n$/, '')
      .split('\n')
      .map((line, index, lines) => `  ${literal(line)}${index < lines.length - 1 ? ',' : ''}`),
    ') -join "`n") + "`n")',
  ],
  removeFolder: (folder) => `Remove-Item -LiteralPath ${literal(folder)} -Recurse`,
}

function callSh(program: string, args: readonly string[]): string {
  return [program, ...args].map(quote).join(' ')
}

function callPs1(program: string, args: readonly string[]): string {
  return `& ${[program, ...args].map(literal).join(' ')}`
}

/**
 * The same operations with the calls that `up` makes, and as a script. By hand the machine lies in a folder of its own name,
 * which azl-vm takes for no one's of its own.
 */
export function withCommands(
  operations: readonly Operation[],
  { root, shape, vmx: marked }: MachineParameters,
  medium: string,
  { platform, tools, product }: VmwareNative,
): Pick<Plan, 'operations' | 'script'> {
  const words = platform === 'win32' ? ps1 : sh
  const paths = pathsOf(platform)
  const folder = paths.join(root, shape.name)
  const vmx = paths.join(folder, vmxFile(shape.name))
  const config = machineVmx({ ...shape, serialPath: serialPath(platform, folder, shape.name) })
  const ofType = (...args: readonly string[]): readonly string[] => [
    '-T',
    product === 'fusion' ? 'fusion' : 'ws',
    ...args,
  ]
  const vmrun = (...args: readonly string[]): string => words.run(tools.vmrun, ofType(...args))
  const asDone = (operation: Operation): Pick<Operation, 'native'> => {
    const parameters = parametersOf(operation)
    if (parameters.kind === 'disk') {
      const text = words.call(tools.diskManager, diskArguments(parameters.path, parameters.sizeBytes))
      return { native: { language: 'vmware-vdiskmanager', text } }
    }
    if (parameters.kind !== 'start') return {}
    return { native: { language: 'vmrun', text: words.call(tools.vmrun, ofType('start', marked, 'nogui')) } }
  }
  const linesOf = (operation: Operation): readonly string[] => {
    const parameters = parametersOf(operation)
    switch (parameters.kind) {
      case 'machine':
        return [words.makeFolder(folder)]
      case 'disk': {
        const file = paths.join(folder, paths.basename(parameters.path))
        return [words.run(tools.diskManager, diskArguments(file, parameters.sizeBytes))]
      }
      case 'medium':
        return words.writeFile(vmx, withMedium(config, drives.installer, medium).toString())
      case 'start':
        return [vmrun('start', vmx, 'nogui')]
    }
  }
  return {
    operations: operations.map((operation) => ({ ...operation, ...asDone(operation), script: linesOf(operation) })),
    script: {
      language: scriptLanguageOf(platform),
      prologue: [],
      epilogue: ['# To remove it:', `#   ${vmrun('stop', vmx, 'hard')}`, `#   ${words.removeFolder(folder)}`],
    },
  }
}
