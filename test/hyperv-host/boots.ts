/** Has each kind of boot done, with somebody at the serial port from the first byte. */
import { tmpdir } from 'node:os'
import { execa } from 'execa'
import { localPipe } from '../../providers/hyperv/pipe.ts'
import { beginSchema, endSchema, type Boot } from './evidence.ts'
import { tracePipe } from './pipe-trace.ts'
import { parsed, Said, type ScriptRun } from './said.ts'

export async function askBoots({
  command,
  words,
  env,
}: ScriptRun): Promise<{ readonly boots: Boot[]; readonly stray: readonly string[] }> {
  const asked = execa(command, words, { env, extendEnv: false, reject: false, stdin: 'pipe' })
  const boots: Boot[] = []
  let listening: { readonly begun: ReturnType<typeof beginSchema.parse>; readonly trace: ReturnType<typeof tracePipe> }
  for await (const line of asked.iterable()) {
    const value = parsed(line)
    const begun = beginSchema.safeParse(value)
    const ended = endSchema.safeParse(value)
    if (begun.success) {
      const separator = process.platform === 'win32' ? '\\' : '/'
      const path = localPipe(begun.data.pipe, separator, { TMPDIR: tmpdir() }, begun.data.name)
      listening = { begun: begun.data, trace: tracePipe(path) }
      asked.stdin.write('go\n')
    } else if (ended.success) {
      const { booted: kind, events, ...rest } = ended.data
      const { name, id } = listening!.begun
      const pipe = await listening!.trace.end()
      boots.push({ kind, name, id, ...rest, events: events.map(withoutPersons), pipe })
    }
  }
  const { stdout, stderr } = await asked
  return { boots, stray: new Said(stdout, stderr).stray }
}

/** An event's XML names the computer and the account, which are nobody's business. */
function withoutPersons<T extends { readonly xml: string }>(event: T): T {
  const xml = event.xml
    .replace(/<Computer>[^<]*<\/Computer>/, '<Computer>localhost</Computer>') // <Computer>HV01.example.com</Computer>
    .replace(/<Security [^>]*\/>/, '<Security/>') // <Security UserID='S-1-5-83-1-…'/>
  return { ...event, xml }
}
