/** Processes of their own, which all end with it: what a test's commands start in the background does not outlive it. */
import { spawn } from 'node:child_process'
import { until } from './e2e-process.ts'
import { findBelow } from './process-below.ts'

export interface ProcessNamespace {
  /** Runs a command in there. */
  readonly enter: readonly [file: string, ...args: string[]]
  find(command: string): Promise<number | undefined>
  end(): Promise<void>
}

/** Its first process collects orphans at once, as libvirt needs it; see docs/providers/kvm.md. */
export async function openProcessNamespace(): Promise<ProcessNamespace> {
  const command = [
    '--pid',
    '--mount',
    '--fork',
    '--kill-child',
    '--mount-proc',
    'tini',
    '-s',
    '--',
    'sleep',
    'infinity',
  ]
  const outside = spawn('unshare', command, { stdio: 'ignore' })
  const gone = new Promise<void>((resolve) => outside.once('exit', () => resolve()))
  const pid = outside.pid ?? 0
  const first = await until('the namespace', () => findBelow(pid, 'tini'))
  return {
    enter: ['nsenter', '--target', String(first), '--pid', '--mount', '--'],
    find: (name) => findBelow(pid, name),
    end: async () => {
      outside.kill('SIGKILL')
      await gone
    },
  }
}
