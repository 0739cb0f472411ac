// @ts-check
// Snapshots and linked clones of machines that stand still: NAME.vmsd, a .vmsn for each, disks laid over disks.
import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { readDictionary, setValue, valueOf, writeDictionary } from './dictionary.mjs'
import { devices } from './machine.mjs'

/** @typedef {import('./dictionary.mjs').Dictionary} Dictionary */

/**
 * @typedef {object} Snapshot
 * @property {number} uid
 * @property {string} name
 * @property {number} parent 0: none
 * @property {string} file the .vmsn
 * @property {bigint} created microseconds
 * @property {readonly { readonly file: string, readonly node: string }[]} disks relative to the machine's folder
 * @property {readonly string[]} clones .vmx files of linked clones, also of those that are gone
 *
 * @typedef {{ lastUid: number, current: number, snapshots: readonly Snapshot[] }} Snapshots
 */

/** @param {string} vmx */
const vmsdOf = (vmx) => vmx.replace(/\.vmx$/, '.vmsd')
/** @param {string} vmsn */
export const memoryOf = (vmsn) => vmsn.replace(/\.vmsn$/, '.vmem')

/** @param {string} vmx @returns {Snapshots} */
export function readSnapshots(vmx) {
  const file = vmsdOf(vmx)
  if (!existsSync(file)) return { lastUid: 0, current: 0, snapshots: [] }
  const vmsd = readDictionary(readFileSync(file, 'utf8'))
  const count = Number(valueOf(vmsd, 'snapshot.numSnapshots') ?? 0)
  return {
    lastUid: Number(valueOf(vmsd, 'snapshot.lastUID') ?? 0),
    current: Number(valueOf(vmsd, 'snapshot.current') ?? 0),
    snapshots: Array.from({ length: count }, (_, index) => {
      /** @param {string} key */
      const get = (key) => valueOf(vmsd, `snapshot${index}.${key}`) ?? ''
      const disks = Array.from({ length: Number(get('numDisks')) }, (_each, number) => ({
        file: get(`disk${number}.fileName`),
        node: get(`disk${number}.node`),
      }))
      const clones = Array.from({ length: Number(get('numClones')) }, (_each, number) => get(`clone${number}`))
      const created = (BigInt(get('createTimeHigh')) << 32n) + BigInt.asUintN(32, BigInt(get('createTimeLow')))
      return {
        uid: Number(get('uid')),
        name: get('displayName'),
        parent: Number(get('parent')),
        file: get('filename'),
        created,
        disks,
        clones,
      }
    }),
  }
}

/** @param {string} vmx @param {Snapshots} state */
function writeSnapshots(vmx, { lastUid, current, snapshots }) {
  /** @type {Dictionary} */
  const vmsd = new Map()
  /** @param {string} key @param {unknown} value */
  const put = (key, value) => setValue(vmsd, key, String(value))
  put('.encoding', 'UTF-8')
  put('snapshot.lastUID', lastUid)
  put('snapshot.current', current)
  put('snapshot.numSnapshots', snapshots.length)
  snapshots.forEach(({ uid, name, parent, file, created, disks, clones }, index) => {
    const key = `snapshot${index}`
    put(`${key}.uid`, uid)
    put(`${key}.filename`, file)
    if (parent !== 0) put(`${key}.parent`, parent)
    put(`${key}.displayName`, name)
    put(`${key}.createTimeHigh`, created >> 32n)
    put(`${key}.createTimeLow`, BigInt.asIntN(32, created))
    put(`${key}.numDisks`, disks.length)
    disks.forEach((disk, number) => {
      put(`${key}.disk${number}.fileName`, disk.file)
      put(`${key}.disk${number}.node`, disk.node)
    })
    clones.forEach((clone, number) => put(`${key}.clone${number}`, clone))
    if (clones.length > 0) put(`${key}.numClones`, clones.length)
  })
  const file = vmsdOf(vmx)
  writeFileSync(`${file}~`, writeDictionary(vmsd))
  renameSync(`${file}~`, file)
}

/**
 * Holds what the .vmx and its disks are now: each disk is frozen and a new one laid over it.
 * @param {string} vmx
 * @param {Dictionary} config changed: it names the new disks
 * @param {string} name
 * @param {string} nvram the file with the firmware's variables now
 * @returns {string} the .vmsn
 */
export function takeSnapshot(vmx, config, name, nvram) {
  const folder = dirname(vmx)
  const before = readSnapshots(vmx)
  const uid = before.lastUid + 1
  const file = `${basename(vmx, '.vmx')}-Snapshot${uid}.vmsn`
  const held = writeDictionary(config)
  const variables = existsSync(nvram) ? readFileSync(nvram).toString('base64') : ''
  writeFileSync(join(folder, file), JSON.stringify({ config: held, variables }))
  const disks = layOver(folder, config)
  const created = BigInt(Date.now()) * 1000n
  writeSnapshots(vmx, {
    lastUid: uid,
    current: uid,
    snapshots: [...before.snapshots, { uid, name, parent: before.current, file, created, disks, clones: [] }],
  })
  return join(folder, file)
}

/** Lays a new disk over each; returns what is frozen now. @param {string} folder @param {Dictionary} config */
function layOver(folder, config) {
  return devices(config, /^nvme0:\d+$/).map((node) => {
    const file = valueOf(config, `${node}.fileName`) ?? ''
    const stem = file.replace(/(?:-\d{6})?\.vmdk$/, '')
    const numbers = readdirSync(folder).map((each) =>
      Number(new RegExp(`^${escape(stem)}-(\\d{6})\\.vmdk$`).exec(each)?.[1] ?? 0),
    )
    const next = `${stem}-${String(Math.max(0, ...numbers) + 1).padStart(6, '0')}.vmdk`
    makeChild(join(folder, next), file)
    setValue(config, `${node}.fileName`, next)
    return { file, node }
  })
}

/** @param {string} text */
const escape = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

/** @param {string} file @param {string} parent as the new disk names it */
function makeChild(file, parent) {
  const made = spawnSync('qemu-img', ['create', '-q', '-f', 'vmdk', '-b', parent, '-F', 'vmdk', file], {
    encoding: 'utf8',
  })
  if (made.status !== 0) throw new Error(made.stderr)
}

/** @param {string} vmx @param {string} name @returns {Snapshot | undefined} */
export const snapshotNamed = (vmx, name) => readSnapshots(vmx).snapshots.find((each) => each.name === name)

/** Brings configuration, disks and variables of then back; memory is gone on from at the next start. @param {string} vmx @param {Snapshot} snapshot */
export function revertTo(vmx, snapshot) {
  const folder = dirname(vmx)
  const { config: held, variables } = JSON.parse(readFileSync(join(folder, snapshot.file), 'utf8'))
  const config = readDictionary(held)
  const before = readDictionary(readFileSync(vmx, 'utf8'))
  layOver(folder, config)
  setValue(config, 'checkpoint.vmState', existsSync(memoryOf(join(folder, snapshot.file))) ? snapshot.file : '')
  const nvram = resolve(folder, valueOf(config, 'nvram') ?? '')
  if (variables === '') rmSync(nvram, { force: true })
  else writeFileSync(nvram, Buffer.from(variables, 'base64'))
  writeFileSync(`${vmx}~`, writeDictionary(config))
  renameSync(`${vmx}~`, vmx)
  const state = readSnapshots(vmx)
  writeSnapshots(vmx, { ...state, current: snapshot.uid })
  // What the machine wrote since, nobody will read.
  for (const node of devices(before, /^nvme0:\d+$/)) {
    const file = valueOf(before, `${node}.fileName`) ?? ''
    if (!state.snapshots.some(({ disks }) => disks.some((disk) => disk.file === file)))
      rmSync(join(folder, file), { force: true })
  }
}

/** VMware merges disks; here they stay as they are, for what lies on them needs them. @param {string} vmx @param {Snapshot} gone */
export function forgetSnapshot(vmx, gone) {
  const { lastUid, current, snapshots } = readSnapshots(vmx)
  writeSnapshots(vmx, {
    lastUid,
    current: current === gone.uid ? gone.parent : current,
    snapshots: snapshots
      .filter(({ uid }) => uid !== gone.uid)
      .map((each) => (each.parent === gone.uid ? { ...each, parent: gone.parent } : each)),
  })
  const file = join(dirname(vmx), gone.file)
  rmSync(file, { force: true })
  rmSync(memoryOf(file), { force: true })
}

/** @param {string} vmx @param {Snapshot} snapshot @param {string} target the clone's .vmx @param {string} name */
export function cloneLinked(vmx, snapshot, target, name) {
  const [from, to] = [dirname(vmx), dirname(target)]
  mkdirSync(to, { recursive: true })
  const { config: held, variables } = JSON.parse(readFileSync(join(from, snapshot.file), 'utf8'))
  const config = readDictionary(held)
  const stem = basename(target, '.vmx')
  devices(config, /^nvme0:\d+$/).forEach((node, index) => {
    const file = `${stem}-cl${index + 1}.vmdk`
    makeChild(join(to, file), resolve(from, valueOf(config, `${node}.fileName`) ?? ''))
    setValue(config, `${node}.fileName`, file)
  })
  setValue(config, 'displayName', name)
  setValue(config, 'nvram', `${stem}.nvram`)
  setValue(config, 'extendedConfigFile', `${stem}.vmxf`)
  setValue(config, 'checkpoint.vmState', '')
  if (variables !== '') writeFileSync(join(to, `${stem}.nvram`), Buffer.from(variables, 'base64'))
  writeFileSync(target, writeDictionary(config))
  noteClone(vmx, snapshot, target)
}

/** In the original's .vmsd, for good. @param {string} vmx @param {Snapshot} snapshot @param {string} target */
function noteClone(vmx, snapshot, target) {
  const state = readSnapshots(vmx)
  const snapshots = state.snapshots.map((each) =>
    each.uid === snapshot.uid ? { ...each, clones: [...each.clones, target] } : each,
  )
  writeSnapshots(vmx, { ...state, snapshots })
}

/** The memory that a machine goes on from; undefined where it begins anew. @param {string} vmx @param {Dictionary} config */
export function memoryToGoOn(vmx, config) {
  const file = valueOf(config, 'checkpoint.vmState') ?? ''
  return file === '' ? undefined : memoryOf(resolve(dirname(vmx), file))
}

/** @param {string} from @param {string} folder */
export const bringMemory = (from, folder) => copyFileSync(from, join(folder, 'memory.bin'))
