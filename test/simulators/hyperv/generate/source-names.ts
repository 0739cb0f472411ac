/** How the fixture's type names are written in C#. */
import type { ModuleFixture } from './module-fixture.ts'

const builtin: Readonly<Record<string, string>> = {
  CimSession: 'Microsoft.Management.Infrastructure.CimSession',
  CimInstance: 'Microsoft.Management.Infrastructure.CimInstance',
  PSCredential: 'System.Management.Automation.PSCredential',
  PSObject: 'System.Management.Automation.PSObject',
  SwitchParameter: 'System.Management.Automation.SwitchParameter',
  Hashtable: 'System.Collections.Hashtable',
  SecureString: 'System.Security.SecureString',
}
const systemTypes = new Set(
  'Boolean Byte Char DateTime Guid Int16 Int32 Int64 Object String TimeSpan UInt16 UInt32 UInt64 Uri Version'.split(
    ' ',
  ),
)

/** The C# type of a parameter or property; `object` where no source says what it is. */
export function sourceType(name: string, fixture: ModuleFixture): string {
  if (name.endsWith('[]')) return `${sourceType(name.slice(0, -2), fixture)}[]`
  const generic = /^(System\.(?:Collections\.Generic\.)?\w+)<(.+)>$/.exec(name) // System.Nullable<System.Guid>
  if (generic !== null) return `${generic[1]!}<${sourceType(generic[2]!, fixture)}>`
  const last = name.slice(name.lastIndexOf('.') + 1)
  if (systemTypes.has(last) && (name === last || name === `System.${last}`)) return `System.${last}`
  if (builtin[last] !== undefined) return builtin[last]
  if (name in fixture.classes || name in fixture.enums) return name
  const known = [...Object.keys(fixture.enums), ...Object.keys(fixture.classes)].find((full) =>
    full.endsWith(`.${last}`),
  )
  return known ?? 'System.Object'
}

/** A C# string literal. */
export function sourceString(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

const keywords = new Set(['Default'])

/** An enum member or property name; C# keywords are lower case, so these are safe as they are. */
export function sourceName(name: string): string {
  return keywords.has(name) ? name : name.replaceAll(/[^A-Za-z0-9_]/g, '_')
}
