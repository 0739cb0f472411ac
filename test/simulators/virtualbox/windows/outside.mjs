// @ts-check
// VirtualBox outside of Wine, with paths of Windows in what it is asked and in what it answers.
import { linuxPath, ownDrives, runProgram } from '../../qemu/linux.mjs'

/** @param {readonly string[]} words */
export async function ask(words) {
  const { code, output, errors } = await runProgram('VBoxManage', words.map(linuxPath))
  const isEscaped = words.includes('--machinereadable')
  return { code, output: inWindowsWords(output, isEscaped ? '\\\\' : '\\'), errors: inWindowsWords(errors, '\\') }
}

/** Each path below a drive's folder, to the end of its line or quotes. @param {string} text @param {string} separator */
function inWindowsWords(text, separator) {
  let translated = text
  for (const [drive, folder] of ownDrives())
    translated = translated.replace(
      new RegExp(`${folder.replace(/[.+]/g, '\\$&')}(/[^"\\n]*)`, 'g'),
      (_, below) => `${drive.toUpperCase()}:${below.replaceAll('/', () => separator)}`,
    )
  return translated
}
