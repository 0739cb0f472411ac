// @ts-check
// vmcli for tests: `vmcli VMX MKS captureScreenshot FILE`.
import { argv, exit, stdout } from 'node:process'
import { resolve } from 'node:path'
import { screenshot, withMonitor } from '../qemu/control.mjs'
import { noteCall, runningNote } from './state.mjs'

const [vmx = '', module, command, file = '', ...more] = argv.slice(2)
noteCall(['vmcli', ...argv.slice(2)])
const note = runningNote(resolve(vmx))
if (module !== 'MKS' || command !== 'captureScreenshot' || file === '' || more.length > 0) fail('Invalid command line')
if (note === undefined) fail('The virtual machine is not powered on.')
else await withMonitor(note.folder, (qmp) => screenshot(qmp, resolve(file)))

/** @param {string} text */
function fail(text) {
  stdout.write(`${text}\n`)
  exit(1)
}
