/** The boot entries of a GRUB configuration, as far as they are written plainly. Nothing of it is run. */

/** One entry of a boot menu. Paths are those on the medium. */
export interface MenuEntry {
  readonly title: string
  readonly kernel: string | undefined
  readonly initrd: readonly string[]
  /** The kernel's command line; variables stand as they are written. */
  readonly options: string
}

/** GRUB manual, "menuentry", "linux", "initrd"; the -efi and -16 forms are distributions' own. */
const kernelCommands = new Set(['linux', 'linuxefi', 'linux16'])
const initrdCommands = new Set(['initrd', 'initrdefi', 'initrd16'])

/** Entries in their order, submenus opened. A text that is no GRUB configuration has none. */
export function parseGrubMenu(text: string): readonly MenuEntry[] {
  const entries: MenuEntry[] = []
  let current: MenuEntry | undefined
  const lines = text.replaceAll(/\\\r?\n/g, ' ').split(/\r?\n/)
  for (const [command = '', ...words] of lines.flatMap(commandsOf)) {
    if (command === 'menuentry') {
      current = { title: words[0] ?? '', kernel: undefined, initrd: [], options: '' }
      entries.push(current)
    } else if (current && kernelCommands.has(command)) {
      const [kernel, ...options] = words
      current = { ...current, kernel, options: options.join(' ') }
      entries[entries.length - 1] = current
    } else if (current && initrdCommands.has(command)) {
      current = { ...current, initrd: [...current.initrd, ...words] }
      entries[entries.length - 1] = current
    } else if (command === '}') {
      current = undefined
    }
  }
  return entries
}

/**
 * The commands of a line, each as its words; `;` and braces divide them, and `}` is one. Quotes of both kinds hold
 * spaces. A comment ends the line.
 */
function commandsOf(line: string): readonly (readonly string[])[] {
  const commands: string[][] = [[]]
  const token = /"((?:[^"\\]|\\.)*)"|'([^']*)'|(;)|((?:\$\{[^}]*\}|[^\s'"\\;]|\\.)+)/g
  for (const [, double, single, end, plain] of line.matchAll(token)) {
    if (plain?.startsWith('#') === true) break
    if (plain === '}') commands.push(['}'])
    if (end !== undefined || plain === '{' || plain === '}') commands.push([])
    else commands.at(-1)?.push(double ?? single ?? plain ?? '')
  }
  return commands.filter((words) => words.length > 0)
}
