/** Programs of Windows that are scripts: test/simulators/windows, built by clang and lld on Linux. */
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { windowsNode } from '../../scripts/host-setup/windows-node.mjs'
import { repositoryRoot } from './run-cli.ts'
import { missingForWindows, onDriveZ } from './windows.ts'

/** Why there can be no such programs on this machine; undefined where there can. */
export async function missingForWindowsPrograms(): Promise<string | undefined> {
  const lacks = await missingForWindows()
  if (lacks !== undefined) return lacks
  for (const program of ['clang', 'lld-link'])
    if ((await execa(program, ['--version'], { reject: false })).failed)
      return `Debian's ${program === 'clang' ? program : 'lld'} is not installed; npm test does it on Debian`
  return undefined
}

const compilerFlags = [
  ...['-target', 'x86_64-unknown-windows', '-std=c11', '-ffreestanding', '-fno-builtin', '-fshort-wchar'],
  ...['-fno-stack-protector', '-mno-stack-arg-probe', '-Os', '-Wall', '-Wextra', '-Werror', '-c'],
]

/** Puts a program for each name into a folder of Linux; each runs the script of that name. */
export async function putPrograms(folder: string, names: readonly string[]): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'azl-launcher-'))
  const compile = async (name: string): Promise<string> => {
    const object = join(work, `${name}.o`)
    const source = join(repositoryRoot, 'test', 'simulators', 'windows', `${name}.c`)
    await execa('clang', [...compilerFlags, source, '-o', object])
    return object
  }
  try {
    const [launcher, kernel32] = [join(work, 'launcher.exe'), join(work, 'kernel32.lib')]
    const library = ['-dll', '-noentry', `-out:${join(work, 'kernel32.dll')}`, `-implib:${kernel32}`]
    await execa('lld-link', [...library, await compile('kernel32')])
    const program = ['-subsystem:console', '-entry:start', `-out:${launcher}`]
    await execa('lld-link', [...program, await compile('launcher'), kernel32])
    await mkdir(folder, { recursive: true })
    for (const name of names) await copyFile(launcher, join(folder, `${name}.exe`))
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** What the environment of such programs says: where their Node and their scripts are. */
export function programsEnvironment(scripts: string): NodeJS.ProcessEnv {
  return { AZL_TOOL_NODE: onDriveZ(windowsNode(repositoryRoot)), AZL_TOOL_SCRIPTS: onDriveZ(scripts) }
}
