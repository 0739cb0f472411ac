// @ts-check
// The program with the window, for tests: it has none, and tells its version.
import { argv, exit, stdout } from 'node:process'
import { knobs, noteCall } from './state.mjs'

noteCall(['vmware', ...argv.slice(2)])
if (argv[2] === '-v') stdout.write(`${knobs()['version'] ?? 'VMware Workstation 17.6.2 build-24409262'}\n`)
else exit(1)
