/** Compares the table of first versions with libvirt's lists of symbols. Each difference is one line of text. */
import { programs } from '../src/rpc/limits.ts'
import { procedures } from '../src/rpc/procedures.ts'
import { sinceVersions } from '../src/rpc/since-versions.ts'

/** The version that each function came with, by its name in lower case: `LIBVIRT_0.8.0 { global: virDomainSave; }`. */
function readSymbols(text: string): ReadonlyMap<string, string> {
  const versions = new Map<string, string>()
  for (const [, version = '', body = ''] of text.matchAll(/^LIBVIRT_(?:QEMU_)?([\d.]+) \{([^}]*)\}/gm)) {
    for (const [, name = ''] of body.matchAll(/^\s+(vir\w+);/gm)) versions.set(name.toLowerCase(), version)
  }
  return versions
}

/** `DOMAIN_GET_XML_DESC` is `virDomainGetXMLDesc`; of QEMU's calls `DOMAIN_AGENT_COMMAND` is `virDomainQemuAgentCommand`. */
function functionName(program: number, name: string): string {
  const plain = name.replaceAll('_', '').toLowerCase()
  return program === programs.QEMU_PROGRAM ? `virdomainqemu${plain.slice('domain'.length)}` : `vir${plain}`
}

/** `symbols` are libvirt_public.syms and libvirt_qemu.syms. */
export function compareSince(symbols: readonly string[], believed = sinceVersions): string[] {
  const real = readSymbols(symbols.join('\n').replace(/\/\*[\s\S]*?\*\//g, ''))
  const left: { readonly [K in keyof typeof believed]: Record<string, string> } = {
    qemu: { ...believed.qemu },
    remote: { ...believed.remote },
  }
  const differences: string[] = []
  for (const { program, name } of Object.values(procedures)) {
    const table = program === programs.QEMU_PROGRAM ? left.qemu : left.remote
    const [ours, theirs] = [table[name], real.get(functionName(program, name))]
    if (ours !== theirs) differences.push(`${name}: we say since ${ours ?? '?'}, libvirt says ${theirs ?? 'nothing'}`)
    Reflect.deleteProperty(table, name)
  }
  const unused = [...Object.keys(left.qemu), ...Object.keys(left.remote)]
  return [...differences, ...unused.map((name) => `${name}: has a version and is no call of ours`)]
}
