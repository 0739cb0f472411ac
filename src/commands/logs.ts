import { createReadStream, existsSync } from 'node:fs'
import { defineCommand, type CommandContext, type CommandResult } from '../cli/command.ts'
import { AzlVmError, exitCodes, isAzlVmError } from '../errors.ts'
import type { ConsolePort } from '../provider/capabilities.ts'
import { hostOption, machinePositional, portOption, withMachine, type MachineWork } from './machine-arguments.ts'

export const command = defineCommand({
  description:
    'Prints what the machine said on its serial port. It is read along: whoever holds the console keeps it, and the ' +
    'guest never waits.\n\nWith --tool: what azl-vm itself did in the machine’s last run, as JSON lines.',
  positionals: [machinePositional],
  options: {
    ...hostOption,
    ...portOption,
    follow: { type: 'boolean', alias: 'f', description: 'Go on with what comes, until the machine is off.' },
    tool: { type: 'boolean', description: 'The log of azl-vm instead of the serial port’s.' },
  },
  examples: [
    { command: 'azl-vm logs azl4-eval --follow', text: 'Watch the guest boot.' },
    { command: 'azl-vm logs azl4-eval --port system', text: 'On aarch64: what the kernel said on its ttyS0.' },
    { command: 'azl-vm logs azl4-eval --tool', text: 'What azl-vm asked of the hypervisor.' },
  ],
  async handler(args, ctx) {
    return await withMachine(ctx, args, 'logs', async (work) => {
      if (args.tool) return await toolLog(work, ctx)
      const { port } = args
      const limit = await work.provider.describeLog(work.info.ref, work.call)
      ctx.progress.detail(limit)
      if (work.info.hasSystemPort && port === 'firmware')
        ctx.progress.detail('This is the firmware’s serial port; --port system shows the system’s own.')
      const source = args.follow
        ? work.provider.followLog(work.info.ref, port, 'beginning', work.call)
        : work.provider.readLog(work.info.ref, port, work.call)
      try {
        return await copyOut(source, ctx, {
          name: work.info.ref.name,
          port,
          limit,
        })
      } catch (error) {
        // Ctrl-C is how a person ends a followed log: nothing went wrong.
        const isEnded = args.follow && ctx.signal.aborted && isCancelled(error)
        if (!isEnded) throw error
        return { data: undefined, text: () => '', isWritten: true, exitCode: exitCodes.interrupted }
      }
    })
  },
})

async function toolLog({ environment, provider, info }: MachineWork, ctx: CommandContext): Promise<CommandResult> {
  const record = await environment.machines.read(provider.name, provider.host, info.ref.name)
  if (record?.lastRunId === undefined) {
    throw new AzlVmError('path-not-found', `nothing is known here of the runs of "${info.ref.name}"`, {
      hint: `The state folder ${environment.home.root} does not remember it.`,
    })
  }
  const file = environment.home.run(record.lastRunId).events
  if (!existsSync(file)) {
    throw new AzlVmError('path-not-found', `the log of the last run of "${info.ref.name}" is gone: ${file}`, {
      hint: 'Somebody deleted the run folder; the next `azl-vm up` makes a new one.',
    })
  }
  return await copyOut(createReadStream(file), ctx, {
    name: info.ref.name,
    port: undefined,
    limit: '',
  })
}

/** Bytes as they are to stdout, no faster than it takes them; in JSON, one document with the text. */
async function copyOut(
  source: AsyncIterable<Uint8Array | string>,
  ctx: CommandContext,
  about: { name: string; port: ConsolePort | undefined; limit: string },
): Promise<CommandResult> {
  if (ctx.output === 'json') {
    const chunks: Buffer[] = []
    for await (const chunk of source) chunks.push(Buffer.from(chunk))
    const text = Buffer.concat(chunks).toString('utf8')
    return { data: { machine: about.name, port: about.port, limit: about.limit, text }, text: () => text }
  }
  for await (const chunk of source) {
    if (ctx.signal.aborted) break
    if (!ctx.stdout.write(chunk)) await drained(ctx)
  }
  return { data: undefined, text: () => '', isWritten: true }
}

function isCancelled(error: unknown): boolean {
  return isAzlVmError(error, 'cancelled') || (error instanceof Error && error.name === 'AbortError')
}

/** Until the reader of stdout took what it got, went away, or the command was ended. */
async function drained(ctx: CommandContext): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      for (const event of ['drain', 'close', 'error']) ctx.stdout.off(event, done)
      ctx.signal.removeEventListener('abort', done)
      resolve()
    }
    for (const event of ['drain', 'close', 'error']) ctx.stdout.once(event, done)
    ctx.signal.addEventListener('abort', done, { once: true })
  })
}
