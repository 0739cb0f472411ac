// Builds bin/*.EFI from efi/ with Debian 12's clang-14 and lld-14, the same bytes from any folder.
//   node packages/boot-probe/build.mjs [--out DIR]
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(fileURLToPath(import.meta.url))
const compiler = 'clang-14'
const linker = 'lld-link-14'

const commonSources = [
  'main.c',
  'line.c',
  'ports.c',
  'system-port.c',
  'memory.c',
  'guids.c',
  'firmware.c',
  'device-path.c',
  'settings.c',
  'screen.c',
  'commands.c',
  'report-platform.c',
  'report-devices.c',
  'report-boot.c',
]

const targets = [
  {
    file: 'BOOTX64.EFI',
    triple: 'x86_64-unknown-windows',
    sources: [...commonSources, 'uart-16550.c'],
    flags: ['-mno-stack-arg-probe'],
  },
  {
    file: 'BOOTAA64.EFI',
    triple: 'aarch64-unknown-windows',
    sources: [...commonSources, 'uart-pl011.c'],
    flags: ['-mno-stack-arg-probe'],
  },
]

const compilerFlags = [
  '-std=c11',
  '-ffreestanding',
  '-fno-builtin',
  '-fshort-wchar',
  '-fno-stack-protector',
  '-fno-ident',
  '-ffunction-sections',
  '-fdata-sections',
  '-Oz',
  '-Wall',
  '-Wextra',
  '-Werror',
]
// -timestamp:0 and no debug directory: nothing of the time or the place of the build gets into the file.
const linkerFlags = [
  '-subsystem:efi_application',
  '-entry:efi_main',
  '-nodefaultlib',
  '-timestamp:0',
  '-debug:none',
  '-opt:ref',
  '-opt:icf',
]

function build(target, scratch, out) {
  const objects = target.sources.map((source) => {
    const object = `${target.file}-${source}.obj`
    execFileSync(
      compiler,
      ['-target', target.triple, ...target.flags, ...compilerFlags, '-c', source, '-o', join(scratch, object)],
      {
        cwd: join(root, 'efi'),
        stdio: 'inherit',
      },
    )
    return object
  })
  execFileSync(linker, [...linkerFlags, `-out:${join(out, target.file)}`, ...objects], {
    cwd: scratch,
    stdio: 'inherit',
  })
}

function main(argv) {
  const at = argv.indexOf('--out')
  const out = at === -1 ? join(root, 'bin') : resolve(argv[at + 1] ?? '')
  const scratch = mkdtempSync(join(tmpdir(), 'boot-probe-'))
  mkdirSync(out, { recursive: true })
  try {
    for (const target of targets) build(target, scratch, out)
  } finally {
    rmSync(scratch, { recursive: true })
  }
  const sums = targets.map(
    ({ file }) =>
      `${createHash('sha256')
        .update(readFileSync(join(out, file)))
        .digest('hex')}  ${file}\n`,
  )
  writeFileSync(join(out, 'sha256sums'), sums.join(''))
  process.stdout.write(sums.join(''))
}

main(process.argv.slice(2))
