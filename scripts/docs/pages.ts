/** All generated files, name to text; formatted by scripts/generate-docs.mjs. */
import { Readable, Writable } from 'node:stream'
import { packageRoot } from '../../src/assets.ts'
import { commandEntries } from '../../src/commands/index.ts'
import { compose } from '../../src/compose.ts'
import { specJsonSchema } from '../../src/spec/json-schema.ts'
import { buildSpecSchema } from '../../src/spec/schema.ts'
import { cliReference } from './cli-reference.ts'
import { errorCodePage } from './error-codes.ts'
import { hyperVPage } from './hyperv.ts'
import { specReference } from './spec-reference.ts'
import { virtualBoxPage } from './virtualbox.ts'
import { vmwarePage } from './vmware.ts'

/** `env` names a scratch AZL_VM_HOME: nothing is kept. */
export async function generatePages(env: NodeJS.ProcessEnv): Promise<Record<string, string>> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const app = await compose({
    env: { ...process.env, ...env },
    cwd: process.cwd(),
    stdin: Readable.from([]),
    stdout: nowhere,
    stderr: nowhere,
    now: () => new Date(0),
  })
  const schema = specJsonSchema(buildSpecSchema({ providers: await app.specProviders() }))
  await app.close?.()
  return {
    'docs/schema/azl-vm.schema.json': JSON.stringify(schema),
    'docs/spec-reference.md': specReference(schema),
    'docs/cli-reference.md': await cliReference(commandEntries),
    'docs/error-codes.md': errorCodePage(),
    'docs/providers/hyperv.md': await hyperVPage(packageRoot()),
    'docs/providers/vmware.md': await vmwarePage(packageRoot()),
    'docs/providers/virtualbox.md': await virtualBoxPage(packageRoot()),
  }
}
