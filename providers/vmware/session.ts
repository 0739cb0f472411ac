/** One provider's way to VMware: its tools, looked for once, and how they are run. */
import { AzlVmError } from '../../src/errors.ts'
import { runProgram, type ProgramResult } from '../../src/host/run-program.ts'
import type { Call, ProviderContext } from '../../src/provider/contract.ts'
import { toolError } from './errors.ts'
import { findTools, readProduct, type LookedFor, type Product, type Tools } from './tools.ts'

/** Long enough for a host that is busy; what takes longer by itself says so. Milliseconds. */
const usualTimeoutMs = 120_000

export interface ToolRun {
  /** What is being done, for the log and the error: "start azl4". */
  readonly action: string
  readonly timeoutMs?: number
}

/** Where the whole computer's things of VMware are, on Linux. */
export interface Places {
  readonly etc: string
  /** Device files of kernel modules. */
  readonly devices: string
}

export const usualPlaces: Places = { etc: '/etc/vmware', devices: '/dev' }

export class Session {
  readonly context: ProviderContext
  readonly places: Places
  /** Core's id of a machine to its .vmx, as far as they were seen; see machines.ts. */
  readonly vmxFiles = new Map<string, string>()
  #lookedFor: Promise<LookedFor> | undefined
  #product: Promise<Product> | undefined

  constructor(context: ProviderContext, places: Places) {
    this.context = context
    this.places = places
  }

  get platform(): NodeJS.Platform {
    return this.context.platform
  }

  async lookForTools(call: Call): Promise<LookedFor> {
    const looked = (this.#lookedFor ??= findTools(this.context, call))
    looked.catch(() => (this.#lookedFor = undefined))
    return await looked
  }

  /** Throws tool-missing. */
  async tools(call: Call): Promise<Tools> {
    const found = await this.lookForTools(call)
    if ('missing' in found) throw new AzlVmError('tool-missing', whatIsMissing(found.missing), { hint: howToInstall })
    return found
  }

  async product(call: Call): Promise<Product> {
    const tools = await this.tools(call)
    const product = (this.#product ??= readProduct(this.context, tools, this.places.etc, call))
    product.catch(() => (this.#product = undefined))
    return await product
  }

  /** Runs vmrun to its end, whatever that is. */
  async askVmrun(args: readonly string[], run: ToolRun, call: Call): Promise<ProgramResult> {
    const { vmrun } = await this.tools(call)
    const { is } = await this.product(call)
    return await this.ask(vmrun, ['-T', is === 'fusion' ? 'fusion' : 'ws', ...args], run, call)
  }

  /** Runs vmrun; throws what it says went wrong. */
  async vmrun(args: readonly string[], run: ToolRun, call: Call): Promise<string> {
    const result = await this.askVmrun(args, run, call)
    if (result.exitCode !== 0) throw toolError(run.action, result)
    return result.stdout
  }

  async makeDisk(path: string, sizeBytes: number, call: Call): Promise<void> {
    const { diskManager } = await this.tools(call)
    const run = { action: `make the disk ${path}` }
    const result = await this.ask(diskManager, diskArguments(path, sizeBytes), run, call)
    if (result.exitCode !== 0) throw toolError(run.action, result)
  }

  async ask(program: string, args: readonly string[], run: ToolRun, call: Call): Promise<ProgramResult> {
    const { env } = this.context
    const began = this.context.now().getTime()
    const result = await runProgram(program, args, {
      env,
      signal: call.signal,
      timeoutMs: run.timeoutMs ?? usualTimeoutMs,
    })
    call.debug(run.action, { program, args, ms: this.context.now().getTime() - began, ...result })
    return result
  }
}

const MiB = 1024 ** 2

/** One growing file (type 0). The adapter type is a note in the disk, and lsilogic is what VMware's own scripts give for NVMe too. */
export function diskArguments(path: string, sizeBytes: number): readonly string[] {
  return ['-c', '-s', `${String(sizeBytes / MiB)}MB`, '-a', 'lsilogic', '-t', '0', path]
}

export function whatIsMissing(tool: string): string {
  return `VMware Workstation or Fusion was not found: there is no ${tool}`
}

export const howToInstall =
  'Install VMware Workstation 17.6 or Fusion 13.6 or later (free of charge from Broadcom), or put the folder of vmrun on the PATH.'
