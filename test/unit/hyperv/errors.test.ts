import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { translateError } from '../../../providers/hyperv/errors.ts'
import { VerbError } from '../../../providers/hyperv/worker.ts'
import type { AzlVmError } from '../../../src/errors.ts'

function translated(errorId: string, message: string, hresult = '0x80131500'): AzlVmError {
  const failure = {
    ...{ message, category: 'NotSpecified', errorId, hresult, exception: 'VirtualizationException' },
    ...{ target: null, script: 'start-vm.ps1', line: 4 },
  }
  return translateError(new VerbError('start-vm', failure), 'start azl4') as AzlVmError
}

const startVm = 'Microsoft.HyperV.PowerShell.Commands.StartVM'
const newVhd = 'Microsoft.Vhd.PowerShell.Cmdlets.NewVhd'

test.each([
  // Too little memory has two ids, in any language (microsoft/MSLab#300); Unspecified alone says nothing.
  [
    'resource-busy',
    `Unspecified,${startVm}`,
    'Zasoby systemowe nie wystarczają do ukończenia żądanej usługi. (0x800705AA).',
  ],
  ['resource-busy', `OutOfMemory,${startVm}`, 'Not enough memory in the system to start (0x8007000E).'],
  ['backend-failed', `Unspecified,${startVm}`, 'The data is invalid (0x8007000D).'],
  ['host-not-ready', `OperationFailed,${newVhd}`, 'The requested operation could not be completed (0x80070299).'],
  ['resource-busy', `ObjectInUse,${newVhd}`, 'in use'],
  ['permission-denied', `Unspecified,${startVm}`, '<text unknown> (0x80070005)'],
  ['machine-not-found', 'AzlVmMachineNotFound', 'there is no virtual machine'],
  ['tool-missing', 'CommandNotFoundException', 'Hyper-V\\Get-VM'],
  ['backend-failed', `InvalidParameter,${startVm}`, 'unknown'],
])('%s: %s, %s', (code, errorId, message) => {
  expect(translated(errorId, message).code).toBe(code)
})

test('the number of the exception counts where the message has none', () => {
  expect(translated('OperationFailed,X', 'The disk is full.', '0x80070070').code).toBe('no-space')
})

test('an error keeps its cause, and tells all of its codes in one line', () => {
  const error = translated(`Unspecified,${startVm}`, "'azl4' failed to start.\r\n\r\nNo (0x8007000D).")
  expect(error.message).toBe(
    `start azl4 failed: 'azl4' failed to start. No (0x8007000D). (Hyper-V: Unspecified,${startVm}, 0x8007000D, 0x80131500)`,
  )
  expect(error.cause).toBeInstanceOf(VerbError)
  expect(error.evidence).toEqual(['NotSpecified, VirtualizationException, start-vm.ps1:4'])
})

test('the simulator says only texts that were seen; what nobody has seen it says by a placeholder', async () => {
  const file = new URL('../../simulators/hyperv/errors.json', import.meta.url)
  const { errors } = JSON.parse(await readFile(file, 'utf8')) as {
    errors: Record<string, { message: string; source?: string; assumed?: string }>
  }
  const invented = Object.entries(errors).filter(([id, { message, source = 'none', assumed = '' }]) => {
    if (message.startsWith('<text unknown>') || id === 'not-played') return false
    return source === 'none' || /\ball of it\b|\btext\b/.test(assumed)
  })
  expect(invented).toEqual([])
})

test('what is no refusal of Hyper-V passes as it is', () => {
  const bug = new TypeError('x')
  expect(translateError(bug, 'start')).toBe(bug)
})
