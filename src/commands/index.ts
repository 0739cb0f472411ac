/**
 * The commands, as `--help` lists them. The file of a verb is loaded when it is run or explained: keep it that
 * way, `--version` and `--help` are measured by a test.
 */
import type { CommandEntry } from '../cli/command.ts'

export const commandEntries: readonly CommandEntry[] = [
  {
    name: 'init',
    group: 'Begin',
    summary: 'Write a spec to start from, and the schema that editors check it with.',
    alsoCalled: ['new', 'create-spec', 'template', 'templates'],
    load: () => import('./init.ts'),
  },
  {
    name: 'validate',
    group: 'Begin',
    summary: 'Check a spec; show every fault with its line.',
    alsoCalled: ['check-spec', 'lint', 'verify'],
    load: () => import('./validate.ts'),
  },
  {
    name: 'schema',
    group: 'Begin',
    summary: 'Print the JSON Schema of a spec, for editors and other tools.',
    load: () => import('./schema.ts'),
  },
  {
    name: 'plan',
    group: 'Machines',
    summary: 'Show every operation that `up` would do, or print it as a script.',
    alsoCalled: ['diff', 'preview', 'dry-run', 'emit'],
    load: () => import('./plan.ts'),
  },
  {
    name: 'up',
    group: 'Machines',
    summary: 'Make it so: create the machine, attach its medium, boot it.',
    alsoCalled: ['create', 'run', 'apply', 'launch', 'new'],
    load: () => import('./up.ts'),
  },
  {
    name: 'ls',
    aliases: ['list'],
    group: 'Machines',
    summary: 'List the machines.',
    alsoCalled: ['ps', 'machines'],
    load: () => import('./ls.ts'),
  },
  {
    name: 'status',
    group: 'Machines',
    summary: 'Show one machine: its state, what it is made of, how to reach it.',
    alsoCalled: ['info', 'show', 'inspect'],
    load: () => import('./status.ts'),
  },
  {
    name: 'start',
    group: 'Machines',
    summary: 'Switch a machine on.',
    alsoCalled: ['resume', 'boot'],
    load: () => import('./start.ts'),
  },
  {
    name: 'stop',
    aliases: ['down'],
    group: 'Machines',
    summary: 'Shut a machine down, or cut its power; it stays.',
    alsoCalled: ['halt', 'shutdown', 'poweroff', 'kill'],
    load: () => import('./stop.ts'),
  },
  {
    name: 'destroy',
    group: 'Machines',
    summary: 'Remove a machine and all that it made.',
    alsoCalled: ['rm', 'delete', 'remove', 'undefine'],
    load: () => import('./destroy.ts'),
  },
  {
    name: 'gc',
    group: 'Machines',
    summary: 'Find what nobody looks after any more, and remove it.',
    alsoCalled: ['prune', 'clean', 'cleanup'],
    load: () => import('./gc.ts'),
  },
  {
    name: 'logs',
    group: 'Reach',
    summary: 'Print what a machine said on its serial port.',
    alsoCalled: ['log', 'tail'],
    load: () => import('./logs.ts'),
  },
  {
    name: 'console',
    group: 'Reach',
    summary: 'Connect this terminal with a machine’s serial port.',
    alsoCalled: ['serial', 'attach', 'tty'],
    load: () => import('./console.ts'),
  },
  {
    name: 'screenshot',
    group: 'Reach',
    summary: 'Write a machine’s screen to a PNG file.',
    alsoCalled: ['screen', 'png'],
    load: () => import('./screenshot.ts'),
  },
  {
    name: 'doctor',
    group: 'Host',
    summary: 'Say what this computer can do, what stands in the way, and the fix.',
    alsoCalled: ['check', 'preflight'],
    load: () => import('./doctor.ts'),
  },
  {
    name: 'providers',
    group: 'Host',
    summary: 'List the hypervisors that azl-vm drives, and what each can do here.',
    alsoCalled: ['hypervisors', 'backends'],
    load: () => import('./providers.ts'),
  },
]
