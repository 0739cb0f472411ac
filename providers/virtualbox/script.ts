/** The plan as VBoxManage's commands: what `plan` shows, and what `plan --emit` writes to be read and run by hand. */
import type { MachineRequest } from '../../src/provider/machine.ts'
import { scriptLanguageOf } from '../../src/provider/operations.ts'
import type { Operation, Plan, ScriptLanguage } from '../../src/provider/plan.ts'
import { literal } from '../../src/provider/powershell-literal.ts'
import { quote } from '../../src/provider/shell-text.ts'
import type { VirtualBoxNative } from './facts.ts'
import {
  addDisk,
  addDrives,
  configureMachine,
  createMachine,
  insertMedium,
  resume,
  secureBoot,
  startPaused,
  type Arguments,
} from './manage-calls.ts'
import { diskFile, joinPath, opticalPorts } from './names.ts'
import { parametersOf, type MachineParameters, type VirtualBoxParameters } from './parameters.ts'

/** The same operations with their commands, and what stands around them in the script. */
export function withCommands(
  operations: readonly Operation[],
  request: MachineRequest,
  native: VirtualBoxNative,
): Pick<Plan, 'operations' | 'script'> {
  const language = scriptLanguageOf(native.platform)
  const hand = byHand(request, native)
  return {
    operations: operations.map((operation) => {
      const planned = parametersOf(operation)
      const text = asDone(planned, request.ref.id).join('\n')
      return {
        ...operation,
        native: { language: 'VBoxManage', text },
        script: hand.calls(planned).map((call) => line(call, language)),
      }
    }),
    script: { language, prologue: hand.prologue(language), epilogue: hand.epilogue(language) },
  }
}

/** What `up` calls. The mark is left out: it is a line for people and one of data. */
function asDone(parameters: VirtualBoxParameters, machine: string): readonly string[] {
  if (parameters.kind === 'start')
    return [`VBoxHeadless ${startPaused(machine).join(' ')}`, line(resume(machine), 'sh')]
  if (parameters.kind !== 'machine') return callsOf(parameters, machine).map((call) => line(call, 'sh'))
  const forwards = parameters.forwards.map((rule) => ({
    ...rule,
    hostPort: rule.hostPort === 0 ? '<a free port>' : rule.hostPort,
  }))
  const configured = configureMachine(machine, parameters, forwards, '<the mark>')
  return [createMachine(parameters), configured].map((call) => line(call, 'sh'))
}

function callsOf(parameters: Exclude<VirtualBoxParameters, MachineParameters>, machine: string): readonly Arguments[] {
  switch (parameters.kind) {
    case 'secure-boot':
      return secureBoot(machine)
    case 'drives':
      return addDrives(machine, parameters.diskCount)
    case 'disk':
      return addDisk(machine, parameters)
    case 'medium':
      return [insertMedium(machine, opticalPorts.installer, parameters.path)]
    case 'start':
      return [['startvm', machine, '--type', 'headless']]
  }
}

/** PowerShell goes on after a program that failed, unless it is told not to. */
function line(call: Arguments, language: ScriptLanguage): string {
  if (language === 'sh') return ['VBoxManage', ...call.map(quote)].join(' ')
  return `VBoxManage ${call.map(literal).join(' ')}; if ($LASTEXITCODE -ne 0) { throw 'VBoxManage failed.' }`
}

/** VirtualBox leaves the folder that it made the machine's in. */
function removeEmptyFolder(folder: string, language: ScriptLanguage): string {
  return language === 'sh' ? `rmdir ${quote(folder)}` : `Remove-Item -LiteralPath ${literal(folder)}`
}

interface ByHand {
  calls(planned: VirtualBoxParameters): readonly Arguments[]
  prologue(language: ScriptLanguage): readonly string[]
  epilogue(language: ScriptLanguage): readonly string[]
}

/** By hand the lowest port that somebody may expect: VirtualBox itself chooses none. */
const firstPortByHand = 22_022

/** What is made by hand has names of its own: none that azl-vm takes for its own. */
function byHand({ ref, spec }: MachineRequest, native: VirtualBoxNative): ByHand {
  const { platform } = native
  const prefix = `by-hand-${ref.name}`
  const base = joinPath(platform, spec.storage.path ?? native.machineFolder, prefix)
  const folder = joinPath(platform, base, ref.name)
  const serialPath = platform === 'win32' ? `\\\\.\\pipe\\${prefix}` : `/tmp/${prefix}.sock`
  const own = (planned: VirtualBoxParameters): VirtualBoxParameters => {
    if (planned.kind === 'disk') return { ...planned, path: joinPath(platform, folder, diskFile(planned.index)) }
    if (planned.kind !== 'machine') return planned
    const cards = planned.cards.map((card, index) =>
      card.link.is === 'internal' ? { ...card, link: { ...card.link, network: `${prefix}-${String(index)}` } } : card,
    )
    const forwards = planned.forwards.map((rule, index) => ({
      ...rule,
      hostPort: rule.hostPort === 0 ? firstPortByHand + index : rule.hostPort,
    }))
    return { ...planned, group: '', baseFolder: base, serialPath, cards, forwards }
  }
  return {
    calls: (planned) => {
      const mine = own(planned)
      if (mine.kind !== 'machine') return callsOf(mine, ref.name)
      return [createMachine({ ...mine, id: undefined }), configureMachine(ref.name, mine, mine.forwards, undefined)]
    },
    prologue: (language) =>
      language === 'sh'
        ? [
            `if VBoxManage showvminfo ${quote(ref.name)} >/dev/null 2>&1; then`,
            `  echo ${quote(`There is a virtual machine ${ref.name} already.`)} >&2`,
            '  exit 1',
            'fi',
          ]
        : [
            // In ASCII: 5.1 reads the file in the ANSI code page.
            `# VBoxManage is in VirtualBox's own folder: $env:Path = "$env:VBOX_MSI_INSTALL_PATH;$env:Path"`,
            `if (@(VBoxManage list vms) -match [regex]::Escape(('"' + ${literal(ref.name)} + '"'))) { throw ${literal(`There is a virtual machine ${ref.name} already.`)} }`,
          ],
    epilogue: (language) => [
      `# The serial port is served at ${serialPath} while the machine is on; the guest waits for a listener.`,
      '# To remove it:',
      ...[
        ['controlvm', ref.name, 'poweroff'],
        ['unregistervm', ref.name, '--delete'],
      ].map((call) => `#   ${line(call, language)}`),
      `#   ${removeEmptyFolder(base, language)}`,
    ],
  }
}
