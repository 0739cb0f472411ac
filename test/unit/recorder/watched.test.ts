/** The shell that watches a recorder, with a recorder and a clock that a test plays. */
import { execFile } from 'node:child_process'
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { watched } from '../../../src/recorder/watched.ts'
import { temporaryFolder } from '../../support/run-cli.ts'

/** What the recorder was begun with. `program`: a line of sh; a minute has `datesAMinute` looks at the clock. */
async function begunBy(program: string, datesAMinute: number): Promise<readonly string[]> {
  const folder = await temporaryFolder()
  const put = async (name: string, ...lines: readonly string[]): Promise<void> => {
    await writeFile(join(folder, name), ['#!/bin/sh', ...lines, ''].join('\n'))
    await chmod(join(folder, name), 0o755)
  }
  await put('recorder', 'echo "$*" >>begun', program)
  await put('sleep', 'exit 0')
  await put('date', 'echo >>dates', `echo $(( 1000000 + $(wc -l <dates) * 60 / ${String(datesAMinute)} ))`)
  const [shell, ...words] = watched
  const env = { PATH: `${folder}:${process.env['PATH'] ?? ''}` }
  await promisify(execFile)(shell, [...words, 'recorder', 'FOLDER'], { cwd: folder, env })
  return (await readFile(join(folder, 'begun'), 'utf8')).trimEnd().split('\n')
}

describe.skipIf(process.platform === 'win32')('the shell that watches a recorder', () => {
  test('begins one again that was killed, and ends with one that ended', async () => {
    expect(await begunBy('[ "$2" = again ] || kill -9 $$', 1)).toEqual(['FOLDER', 'FOLDER again'])
    expect(await begunBy('exit 1', 1)).toEqual(['FOLDER'])
  })

  test('gives up after five times within a minute, and has that noted', async () => {
    const again = Array<string>(5).fill('FOLDER again')
    expect(await begunBy('[ "$2" = given-up ] || kill -9 $$', 100)).toEqual(['FOLDER', ...again, 'FOLDER given-up'])
  })

  test('goes on where it is killed now and then', async () => {
    const begun = await begunBy('[ $(wc -l <begun) -gt 20 ] || kill -9 $$', 3)
    expect(begun).toEqual(['FOLDER', ...Array<string>(20).fill('FOLDER again')])
  })
})
