import path from 'node:path'
import { defineCommand } from '../cli/command.ts'
import { roughBytes } from '../format-bytes.ts'
import { describeIso, type MediumDescription } from '../media/describe-iso.ts'
import { hashFile } from '../media/hash-file.ts'
import { printable } from '../printable.ts'
import { withRun } from './machine-arguments.ts'

export const command = defineCommand({
  description:
    'Looks into an ISO file, and boots nothing: label, size, SHA-256, the architectures of its UEFI loaders, its boot ' +
    'menu with kernels and their options, and whether it is Azure Linux, with what says so. What it says of itself is ' +
    'no proof of where it comes from: a checksum or signature is.\n\n' +
    'A file that no UEFI firmware can boot is refused with exit code 6 and the reason.',
  positionals: [{ name: 'file', required: true, completes: 'file', description: 'The ISO file.' }],
  options: {},
  examples: [
    { command: 'azl-vm iso inspect AzureLinux-4.0-x86_64.iso', text: 'What is it?' },
    { command: 'azl-vm iso inspect some.iso --output json', text: 'The same for programs.' },
  ],
  async handler(args, ctx) {
    const environment = await ctx.app.environment()
    const file = path.resolve(ctx.cwd, args.file)
    return await withRun(ctx, environment, 'iso inspect', async (bus) => {
      const found = await describeIso(file, { signal: ctx.signal })
      const sha256 = await bus.step('hash', `hash ${path.basename(file)}`, () =>
        hashFile(file, {
          cacheDir: environment.home.cacheDir,
          signal: ctx.signal,
          onProgress: (doneBytes, totalBytes) => {
            bus.emit({ type: 'step-progress', id: 'hash', doneBytes, totalBytes })
          },
        }),
      )
      return { data: { ...found, sha256 }, text: () => text(found, sha256) }
    })
  },
})

function text(found: MediumDescription, sha256: string): string {
  const rows: readonly (readonly [string, string])[] = [
    ['file', found.path],
    ['label', found.volumeLabel],
    ['size', `${roughBytes(found.sizeBytes)} (${String(found.sizeBytes)} bytes)`],
    ['sha256', sha256],
    ['architecture', found.efiArchitectures.join(', ')],
    ['boots with', found.hasBiosBoot ? 'UEFI, BIOS' : 'UEFI'],
    ['Azure Linux', azureLinuxText(found)],
    ...found.kernels.map(
      (kernel) =>
        [
          'kernel',
          `${kernel.version ?? 'of unknown version'} (${kernel.architecture ?? 'no kernel that is known'}), ${kernel.path}`,
        ] as const,
    ),
    ['menu', found.menuFile ?? 'none that GRUB would read'],
  ]
  return [
    ...rows.map(([name, value]) => `${name.padEnd(13)} ${printable(value)}`),
    ...found.menu.flatMap(menuLines).map(printable),
  ].join('\n')
}

function azureLinuxText({ azureLinux }: MediumDescription): string {
  if (!azureLinux) return 'no: nothing on it says so'
  return `${azureLinux.version ?? 'yes, of unknown version'} (${azureLinux.evidence.join('; ')})`
}

function menuLines({ title, kernel, initrd, options }: MediumDescription['menu'][number], index: number): string[] {
  return [
    `  ${String(index + 1)}. ${title}`,
    ...(kernel === undefined ? [] : [`     kernel ${kernel} ${options}`.trimEnd()]),
    ...(initrd.length === 0 ? [] : [`     initrd ${initrd.join(' ')}`]),
  ]
}
