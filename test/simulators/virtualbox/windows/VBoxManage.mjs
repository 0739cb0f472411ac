// @ts-check
// VBoxManage.exe for tests: the one outside of Wine does it, and never sees a path of Windows.
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { argv, env, exit, stderr, stdout } from 'node:process'
import { ask } from './outside.mjs'

const words = argv.slice(2)
appendFileSync(join(env['AZL_VBOX_STATE'] ?? '', 'calls.jsonl'), `${JSON.stringify(words)}\n`)
const { code, output, errors } = await ask(words)
// As the real one: in the code page of Windows' own programs, 1252 here.
stdout.write(Buffer.from(output, 'latin1'))
stderr.write(Buffer.from(errors, 'latin1'))
exit(code)
