// @ts-check
// For a double that is not in JavaScript: its argument is a described machine as JSON, its answer the commands that run
// it, each with its program first.
import { qemuArguments, qemuProgram, tpmCommand } from './arguments.mjs'

/** @type {import('./description.mjs').QemuMachine} */
const machine = JSON.parse(process.argv[2] ?? '')
const qemu = [qemuProgram(machine), ...qemuArguments(machine)]
const tpm = machine.tpm === undefined ? undefined : tpmCommand(machine.tpm, machine.names)
process.stdout.write(JSON.stringify({ qemu, tpm }))
