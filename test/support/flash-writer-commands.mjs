// @ts-check
// In the place of ../simulators/qemu/commands.mjs: the described machine, with firmware that only writes to its flash.
import { cwd } from 'node:process'
import { qemuArguments, qemuProgram } from '../simulators/qemu/arguments.mjs'
import { flashWriter } from './flash-writer.mjs'

/** @type {import('../simulators/qemu/description.mjs').QemuMachine} */
const described = JSON.parse(process.argv[2] ?? '')
const machine = { ...described, firmware: { ...described.firmware, ...flashWriter(cwd()) } }
process.stdout.write(JSON.stringify({ qemu: [qemuProgram(machine), ...qemuArguments(machine)] }))
