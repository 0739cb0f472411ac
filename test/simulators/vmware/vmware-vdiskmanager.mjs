// @ts-check
// vmware-vdiskmanager for tests: makes growing disks of one file, by qemu-img.
import { existsSync } from 'node:fs'
import { argv, exit, stdout } from 'node:process'
import { linuxPath, runProgram } from '../qemu/linux.mjs'
import { noteCall } from './state.mjs'

const words = argv.slice(2)
noteCall(['vmware-vdiskmanager', ...words])
if (words[0] === '-r') await convert(words)
const [create, s, size = '', a, adapter = '', t, type, file = '', ...more] = words
const megabytes = /^(\d+)MB$/.exec(size)?.[1]
if (create !== '-c' || s !== '-s' || a !== '-a' || t !== '-t' || more.length > 0 || file === '')
  fail('Invalid arguments')
if (megabytes === undefined || Number(megabytes) < 1) fail(`Invalid disk size: ${size}`)
if (!['ide', 'buslogic', 'lsilogic'].includes(adapter)) fail(`Unknown adapter type: ${adapter}`)
if (type !== '0') fail('this stand-in makes disks of type 0 only')
if (existsSync(file)) fail(`Failed to create disk: The file already exists (0x0000000b).`)
const kind = ['-o', 'subformat=monolithicSparse']
const made = await runProgram('qemu-img', ['create', '-q', '-f', 'vmdk', ...kind, linuxPath(file), `${megabytes}M`])
if (made.code !== 0) fail(`Failed to create disk: ${made.errors.trim()}`)
stdout.write('Creating disk\nVirtual disk creation successful.\n')

/** A disk of its own, with all that the source lies on. @param {readonly string[]} given @returns {Promise<never>} */
async function convert([, source = '', t, type, target = '', ...more]) {
  if (t !== '-t' || type !== '0' || target === '' || more.length > 0) fail('Invalid arguments')
  if (existsSync(target)) fail('Failed to convert disk: The file already exists (0x0000000b).')
  const options = ['convert', '-q', '-f', 'vmdk', '-O', 'vmdk', '-o', 'subformat=monolithicSparse']
  const done = await runProgram('qemu-img', [...options, linuxPath(source), linuxPath(target)])
  if (done.code !== 0) fail(`Failed to convert disk: ${done.errors.trim()}`)
  stdout.write('Creating disk\n  Convert: 100% done.\nVirtual disk conversion successful.\n')
  return exit(0)
}

/** @param {string} text @returns {never} */
function fail(text) {
  stdout.write(`${text}\n`)
  exit(1)
}
