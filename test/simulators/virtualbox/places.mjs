// @ts-check
// What the stand-in keeps: of machines that run or are saved, and of each machine's firmware.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const state = process.env['AZL_VBOX_STATE'] ?? ''

/** Sockets of a machine that runs, and who runs it; short enough for a socket in it. @param {string} id */
export const runFolder = (id) => join(state, 'run', id)

/** A machine's firmware variables and TPM. @param {string} id */
export const machineFolder = (id) => join(state, 'machines', id)

/** What a snapshot holds beside VirtualBox's own. @param {string} snapshot */
export const heldFolder = (snapshot) => join(state, 'held', snapshot)

/** @param {string} id */
const savedFile = (id) => join(state, 'saved', id)

/** The snapshot whose memory a machine goes on from. @param {string} id */
export function savedSnapshot(id) {
  return existsSync(savedFile(id)) ? readFileSync(savedFile(id), 'utf8') : undefined
}

/** @param {string} id @param {string | undefined} snapshot */
export function setSaved(id, snapshot) {
  mkdirSync(join(state, 'saved'), { recursive: true })
  if (snapshot === undefined) rmSync(savedFile(id), { force: true })
  else writeFileSync(savedFile(id), snapshot)
}

/** VirtualBox's word for what a machine does that runs, as it stands in its run folder. @param {string} id */
export function playedState(id) {
  if (isRun(id)) return readFileSync(join(runFolder(id), 'state'), 'utf8')
  return savedSnapshot(id) === undefined ? undefined : 'saved'
}

/** @param {string} id @param {string} word */
export function writeState(id, word) {
  writeFileSync(join(runFolder(id), 'state'), word)
}

/** Whether a process runs the machine; what one that was killed left is taken away. @param {string} id */
export function isRun(id) {
  try {
    process.kill(Number(readFileSync(join(runFolder(id), 'pid'), 'utf8')), 0)
    return existsSync(join(runFolder(id), 'state'))
  } catch {
    if (existsSync(join(runFolder(id), 'state'))) rmSync(runFolder(id), { recursive: true, force: true })
    return false
  }
}
