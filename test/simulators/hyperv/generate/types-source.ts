/** The module's classes and enums as C#: the real property names, so that a misspelt one fails under strict mode. */
import type { ModuleFixture } from './module-fixture.ts'
import { sourceName, sourceType } from './source-names.ts'

function inNamespace(fullName: string, body: (name: string) => readonly string[]): readonly string[] {
  const dot = fullName.lastIndexOf('.')
  return [`namespace ${fullName.slice(0, dot)} {`, ...body(fullName.slice(dot + 1)), '}']
}

function allProperties(name: string | undefined, fixture: ModuleFixture): ReadonlySet<string> {
  if (name === undefined) return new Set()
  return new Set([...Object.keys(fixture.classes[name] ?? {}), ...allProperties(fixture.bases[name], fixture)])
}

export function typesSource(fixture: ModuleFixture): string {
  const lines = ['#nullable disable']
  for (const [fullName, members] of Object.entries(fixture.enums)) {
    const numbers = Object.values(members)
    const underlying = numbers.some((number) => number > 0x7fffffff) ? ' : uint' : ''
    lines.push(
      ...inNamespace(fullName, (name) => [
        `public enum ${name}${underlying} { ${Object.entries(members)
          .map(([member, number]) => `${sourceName(member)} = ${number}`)
          .join(', ')} }`,
      ]),
    )
  }
  // What lies in a .Commands namespace is a cmdlet, listed by the reflection with its parameters.
  for (const [fullName, properties] of Object.entries(fixture.classes).filter(
    ([name]) => !name.includes('.Commands.'),
  )) {
    const base = fixture.bases[fullName]
    const inherited = allProperties(base, fixture)
    lines.push(
      ...inNamespace(fullName, (name) => [
        `public partial class ${name}${base === undefined ? '' : ` : ${base}`} {`,
        ...Object.entries(properties)
          .filter(([property]) => !inherited.has(property))
          .map(([property, type]) => `  public ${sourceType(type, fixture)} ${property} { get; internal set; }`),
        '}',
      ]),
    )
  }
  return `${lines.join('\n')}\n`
}
