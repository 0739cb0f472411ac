/** `azl-vm completion` in the shells themselves: each is asked for a completion as a user's Tab key asks it. */
import { execFile, execFileSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Home } from '../../src/store/paths.ts'
import { buildTool, type BuiltTool } from '../support/e2e-build.ts'
import { missingForSimulator, startHyperVSimulator } from '../support/hyperv-simulator.ts'

/** Bash's way: the words in COMP_WORDS, the answer in COMPREPLY. */
const bash = `eval "$(azl-vm completion bash)"
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _azl_vm
printf '%s\\n' "\${COMPREPLY[@]}"`
const fish = 'azl-vm completion fish | source; complete -C "$argv[1]"'
/** A zsh on a terminal of its own, with its real completion system; \\C-d lists what may come. */
const zsh = `zmodload zsh/zpty; zpty shell zsh -f -i
zpty -w shell "PS1=; fpath=($FOLDER \\$fpath); autoload -U compinit; compinit -u -D; setopt no_always_last_prompt; echo rea''dy"
zpty -r shell text '*ready*'
zpty -w -n shell "$1"$'\\t'; zpty -r shell text "*$2*"; print -r -- "$text"; zpty -d shell`

function isInstalled(shell: string): boolean {
  try {
    execFileSync(shell, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

describe('completion', () => {
  let folder: string
  let tool: BuiltTool
  let env: NodeJS.ProcessEnv

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'azl-vm-completion-'))
    tool = await buildTool()
    const bin = join(folder, 'bin')
    await mkdir(bin)
    await writeFile(join(bin, 'azl-vm'), `#!/bin/sh\nexec '${process.execPath}' '${tool.cli}' "$@"\n`)
    await chmod(join(bin, 'azl-vm'), 0o755)
    await writeFile(join(folder, 'eval.yaml'), '')
    const home = new Home(join(folder, 'home'))
    const { dir, record } = home.machine('kvm', 'qemu:///nowhere', 'azl4-eval')
    await mkdir(dir, { recursive: true })
    await writeFile(record, JSON.stringify({ v: 1, provider: 'kvm', host: 'x', ref: { name: 'azl4-eval', id: 'x' } }))
    // No libvirt is at this address: whoever asked one would fail.
    env = {
      PATH: `${bin}:${process.env['PATH'] ?? ''}`,
      HOME: folder,
      AZL_VM_HOME: home.root,
      FOLDER: folder,
      LIBVIRT_DEFAULT_URI: 'qemu+unix:///system?socket=/nonexistent',
    }
  })

  afterAll(async () => {
    await tool.remove()
    await rm(folder, { recursive: true, force: true })
  })

  async function run(program: string, ...args: readonly string[]): Promise<readonly string[]> {
    const { stdout } = await promisify(execFile)(program, args, { cwd: folder, env })
    return stdout.split('\n').filter((line) => line !== '')
  }

  describe('in bash', () => {
    beforeEach(({ skip }) => {
      skip(!isInstalled('bash'), 'bash is not installed')
    })
    const complete = (...words: readonly string[]) => run('bash', '--norc', '-c', bash, 'bash', 'azl-vm', ...words)

    it('completes verbs, second words, options and values', async () => {
      expect(await complete('val')).toEqual(['validate'])
      expect(await complete('iso', '')).toEqual(['inspect'])
      expect(await complete('stop', 'box', '--ti')).toEqual(['--timeout'])
      expect(await complete('wait', 'box', '--for', '')).toEqual(['off', 'running'])
      expect(await complete('help', 'scre')).toEqual(['screenshot'])
      expect(await complete('logs', 'box', '--port', '=')).toEqual(['firmware', 'system'])
      expect(await complete('logs', 'box', '--port', '=', 's')).toEqual(['system'])
      expect(await complete('status', '--output', '=', 'json', 'azl')).toEqual(['azl4-eval'])
    })

    it('completes machines from what is remembered, and spec files', async () => {
      expect(await complete('status', 'azl')).toEqual(['azl4-eval'])
      expect(await complete('up', 'ev')).toEqual(['eval.yaml'])
      expect(await complete('status', '')).toEqual(expect.arrayContaining(['azl4-eval', 'eval.yaml']))
    })
  })

  it('completes in fish, with descriptions', async ({ skip }) => {
    skip(!isInstalled('fish'), 'fish is not installed')
    const complete = (line: string) => run('fish', '--no-config', '-c', fish, line)
    expect(await complete('azl-vm val')).toEqual([expect.stringMatching(/^validate\tCheck a spec/)])
    expect(await complete('azl-vm wait box --for ')).toEqual(['off', 'running'])
    expect(await complete('azl-vm wait box --for=r')).toEqual(['--for=running'])
    expect(await complete('azl-vm status azl')).toEqual(['azl4-eval'])
    expect(await complete('azl-vm up ev')).toEqual(['eval.yaml'])
  })

  it('completes in zsh', async ({ skip }) => {
    skip(!isInstalled('zsh'), 'zsh is not installed')
    await run('azl-vm', 'completion', 'zsh', '--out', join(folder, '_azl-vm'))
    const complete = (line: string, expected: string) => run('zsh', '-f', '-c', zsh, 'zsh', line, expected)
    expect((await complete('azl-vm val', 'validate')).join()).toContain('validate')
    expect((await complete('azl-vm wait box --for=r', '--for=running')).join()).toContain('--for=running')
    expect((await complete('azl-vm status azl', 'azl4-eval')).join()).toContain('azl4-eval')
    expect((await complete('azl-vm up ev', 'eval.yaml')).join()).toContain('eval.yaml')
  })

  it('completes in PowerShell', async ({ skip }) => {
    const missing = await missingForSimulator()
    skip(missing !== undefined, missing)
    const simulator = await startHyperVSimulator()
    try {
      const script = join(folder, 'completion.ps1')
      await run('azl-vm', 'completion', 'powershell', '--out', script)
      const ask = `
        $env:PATH = '${env['PATH'] ?? ''}'
        $env:AZL_VM_HOME = '${env['AZL_VM_HOME'] ?? ''}'
        . '${script}'
        foreach ($line in 'azl-vm val', 'azl-vm snapshot cr', 'azl-vm logs box --port ', 'azl-vm wait box --for=r', 'azl-vm status azl') {
          $found = [System.Management.Automation.CommandCompletion]::CompleteInput($line, $line.Length, $null)
          @($found.CompletionMatches | ForEach-Object { $_.CompletionText }) -join ','
        }`
      const { stdout, stderr } = await simulator.run(ask)
      expect(stderr).toBe('')
      expect(stdout.trim().split(/\r?\n/)).toEqual([
        'validate',
        'create',
        'firmware,system',
        '--for=running',
        'azl4-eval',
      ])
    } finally {
      await simulator.stop()
    }
  })
})
