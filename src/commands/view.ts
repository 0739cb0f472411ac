import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { defineCommand } from '../cli/command.ts'
import { AzlVmError } from '../errors.ts'
import type { Viewer } from '../provider/contract.ts'
import { hostOption, machinePositional, withMachine } from './machine-arguments.ts'

export const command = defineCommand({
  description:
    'Opens the hypervisor’s own window on the machine and leaves it open; closing it changes nothing of the machine. ' +
    'Where no window can be shown, `azl-vm screenshot` and `azl-vm console` do without one.',
  positionals: [machinePositional],
  options: hostOption,
  examples: [
    { command: 'azl-vm view azl4-eval', text: 'Look at the screen, and type.' },
    { command: 'azl-vm view azl4-eval --output json', text: 'The same; says which command shows the window.' },
  ],
  async handler(args, ctx) {
    return await withMachine(ctx, args, 'view', async ({ provider, info, call }) => {
      const { name } = info.ref
      const viewer = await provider.viewer(info.ref, call)
      requireDisplay(viewer, name, ctx.env)
      const pid = await open(viewer, name, ctx.env)
      return {
        data: { machine: name, command: viewer.command, pid },
        text: () => `opened the window of ${name}: ${viewer.command[0]} (pid ${String(pid)})`,
      }
    })
  },
})

/** Every window on a Unix desktop goes to an X or a Wayland server; other systems have one screen. */
function requireDisplay({ command: words }: Viewer, name: string, env: NodeJS.ProcessEnv): void {
  const hasDisplay = [env['DISPLAY'], env['WAYLAND_DISPLAY']].some((value) => value !== undefined && value !== '')
  if (hasDisplay || process.platform === 'win32' || process.platform === 'darwin') return
  throw new AzlVmError(
    'host-not-ready',
    'there is no screen to open a window on: DISPLAY and WAYLAND_DISPLAY are not set',
    {
      evidence: [`the command for it: ${words.join(' ')}`],
      hint: `Run it in a desktop session; or \`azl-vm screenshot ${name}\` for a picture, \`azl-vm console ${name}\` for the serial port.`,
    },
  )
}

/** The window outlives this command: it has a session of its own and none of our streams. */
async function open(
  { command: [program, ...words] }: Viewer,
  name: string,
  env: NodeJS.ProcessEnv,
): Promise<number | undefined> {
  const child = spawn(program, words, { detached: true, stdio: 'ignore', env })
  try {
    await once(child, 'spawn')
  } catch (error) {
    throw new AzlVmError('tool-missing', `${program} cannot be started`, {
      cause: error,
      hint: `See whether \`${program}\` runs by hand. Without it: \`azl-vm screenshot ${name}\`, \`azl-vm console ${name}\`.`,
    })
  }
  child.unref()
  return child.pid
}
