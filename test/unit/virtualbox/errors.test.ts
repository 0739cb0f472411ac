import { expect, test } from 'vitest'
import { failureOf, isPassing } from '../../../providers/virtualbox/errors.ts'

const error = (stderr: string) => failureOf({ exitCode: 1, stderr }, 'start t1')

test('a result code decides, whatever the language of the text', () => {
  const locked = error(
    'VBoxManage: error: Die Maschine \'t1\' ist gesperrt\nVBoxManage: error: Details: code VBOX_E_INVALID_OBJECT_STATE (0x80bb0007), component MachineWrap, interface IMachine\nVBoxManage: error: Context: "LockMachine" at line 901\n',
  )
  expect(locked).toMatchObject({ code: 'resource-busy', message: "cannot start t1: Die Maschine 't1' ist gesperrt" })
  expect(isPassing(locked)).toBe(true)
  expect(isPassing(error('VBoxManage: error: Details: code VBOX_E_FILE_ERROR (0x80bb0004)'))).toBe(false)
  expect(locked.evidence).toHaveLength(3)
})

test('a VBoxSVC that is not there may be in a moment; a failure of the same code that a component details is one', () => {
  const noServer =
    'VBoxManage: error: Failed to create the VirtualBox object!\nVBoxManage: error: Code NS_ERROR_FAILURE (0x80004005) - Operation failed (extended info not available)\n'
  expect(isPassing(error(noServer))).toBe(true)
  expect(
    isPassing(
      error('VBoxManage: error: Code NS_ERROR_ABORT (0x80004004) - Operation aborted (extended info not available)'),
    ),
  ).toBe(true)
  expect(
    isPassing(error('VBoxManage: error: Details: code NS_ERROR_FAILURE (0x80004005), component ConsoleWrap')),
  ).toBe(false)
})

test.each([
  ['VBoxManage: error: x (VERR_DISK_FULL)', 'no-space'],
  ['VBoxManage: error: x (VERR_WRITE_PROTECT)', 'permission-denied'],
  [
    "VBoxManage: error: Could not create a directory '/proc/x' to save the settings file (VERR_FILE_NOT_FOUND)\n" +
      'VBoxManage: error: Details: code NS_ERROR_FAILURE (0x80004005), component MachineWrap',
    'path-not-found',
  ],
  // A symbol says more than the code beside it.
  [
    'VBoxManage: error: VT-x is in use (VERR_VMX_IN_VMX_ROOT_MODE)\nVBoxManage: error: Details: code NS_ERROR_FAILURE (0x80004005)',
    'host-not-ready',
  ],
  ['VBoxHeadless: Error -1908 in suplibOsInit!\nVBoxHeadless: Kernel driver not installed', 'host-not-ready'],
  ['VBoxManage: error: Details: code E_ACCESSDENIED (0x80070005)', 'permission-denied'],
  ['VBoxManage: error: no\nVBoxManage: error: Details: code VBOX_E_OBJECT_NOT_FOUND (0x80bb0001)', 'machine-not-found'],
  ['0%...10%...20%...NS_ERROR_FAILURE\nVBoxManage: error: Snapshot operation failed', 'backend-failed'],
  ['', 'backend-failed'],
])('%j is %s', (stderr, code) => {
  expect(error(stderr)).toMatchObject({ code, message: expect.stringMatching(/^cannot start t1: \S/) as string })
})

test.each([
  ['VBoxHeadless: Error -1908 in suplibOsInit!', /modprobe vboxdrv.*vboxconfig.*vboxsup/],
  ['VBoxManage: error: x (VERR_VM_DRIVER_NOT_INSTALLED)', /modprobe vboxdrv.*vboxconfig.*vboxsup/],
  ['VBoxManage: error: x (VERR_SVM_IN_USE)', /switch its machines off.*modprobe -r kvm_intel/],
  ['VBoxManage: error: x (VERR_VMX_IN_VMX_ROOT_MODE)', /switch its machines off.*modprobe -r kvm_intel/],
])('%j says itself what to do: doctor does not know it on every host', (stderr, fix) => {
  expect(error(stderr).hint).toMatch(fix)
  expect(error(stderr).hint).not.toContain('doctor')
})
