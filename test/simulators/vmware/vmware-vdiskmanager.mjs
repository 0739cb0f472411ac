// @ts-check
// vmware-vdiskmanager for tests: makes growing disks of one file, by qemu-img.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { argv, exit, stdout } from 'node:process'
import { noteCall } from './state.mjs'

const words = argv.slice(2)
noteCall(['vmware-vdiskmanager', ...words])
if (words[0] === '-r') convert(words)
const [create, s, size = '', a, adapter = '', t, type, file = '', ...more] = words
const megabytes = /^(\d+)MB$/.exec(size)?.[1]
if (create !== '-c' || s !== '-s' || a !== '-a' || t !== '-t' || more.length > 0 || file === '')
  fail('Invalid arguments')
if (megabytes === undefined || Number(megabytes) < 1) fail(`Invalid disk size: ${size}`)
if (!['ide', 'buslogic', 'lsilogic'].includes(adapter)) fail(`Unknown adapter type: ${adapter}`)
if (type !== '0') fail('this stand-in makes disks of type 0 only')
if (existsSync(file)) fail(`Failed to create disk: The file already exists (0x0000000b).`)
const made = spawnSync(
  'qemu-img',
  ['create', '-q', '-f', 'vmdk', '-o', 'subformat=monolithicSparse', file, `${megabytes}M`],
  { encoding: 'utf8' },
)
if (made.status !== 0) fail(`Failed to create disk: ${made.stderr.trim()}`)
stdout.write('Creating disk\nVirtual disk creation successful.\n')

/** A disk of its own, with all that the source lies on. @param {readonly string[]} given @returns {never} */
function convert([, source = '', t, type, target = '', ...more]) {
  if (t !== '-t' || type !== '0' || target === '' || more.length > 0) fail('Invalid arguments')
  if (existsSync(target)) fail('Failed to convert disk: The file already exists (0x0000000b).')
  const options = ['convert', '-q', '-f', 'vmdk', '-O', 'vmdk', '-o', 'subformat=monolithicSparse', source, target]
  const done = spawnSync('qemu-img', options, { encoding: 'utf8' })
  if (done.status !== 0) fail(`Failed to convert disk: ${done.stderr.trim()}`)
  stdout.write('Creating disk\n  Convert: 100% done.\nVirtual disk conversion successful.\n')
  exit(0)
}

/** @param {string} text @returns {never} */
function fail(text) {
  stdout.write(`${text}\n`)
  exit(1)
}
