// @ts-check
// The real VBoxManage, for the stand-in itself.
import { execFile } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const realProgram = join(dirname(fileURLToPath(import.meta.url)), 'real')

/**
 * @typedef {{ readonly exitCode: number, readonly stdout: string, readonly stderr: string }} Answer
 *
 * @param {readonly string[]} args
 * @returns {Promise<Answer>}
 */
export async function ask(...args) {
  return await new Promise((resolve) => {
    execFile(realProgram, ['VBoxManage', ...args], { maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : typeof error.code === 'number' ? error.code : 1
      resolve({ exitCode, stdout, stderr })
    })
  })
}

/** Rejects with what it said. @param {readonly string[]} args */
export async function must(...args) {
  const { exitCode, stdout, stderr } = await ask(...args)
  if (exitCode !== 0) throw new Error(`VBoxManage ${args.join(' ')}: ${stderr}`)
  return stdout
}
