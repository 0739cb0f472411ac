/**
 * Every folder and file name that azl-vm keeps, in one place.
 *
 * Home is `AZL_VM_HOME`, or else the platform's data folder. It can be deleted at any time: machines carry
 * their mark on the hypervisor, so `ls`, `destroy` and `gc` still find them.
 */
import { createHash } from 'node:crypto'
import path from 'node:path'

export interface MachinePaths {
  readonly dir: string
  /** What is known of the machine: {@link MachineRecord}. */
  readonly record: string
  /** Intents and results of changing verbs, one JSON line each. */
  readonly journal: string
}

export interface RunPaths {
  readonly dir: string
  readonly events: string
  readonly plan: string
  /** The serial port that the firmware uses, which most often is the only one. */
  readonly serial: string
  /** The system's own serial port. */
  readonly systemSerial: string
  readonly report: string
  readonly screenshot: string
}

export class Home {
  readonly root: string

  constructor(root: string) {
    this.root = path.resolve(root)
  }

  get machinesDir(): string {
    return path.join(this.root, 'state', 'machines')
  }

  /** Media that azl-vm made or fetched, and digests of the user's. Safe to delete. */
  get cacheDir(): string {
    return path.join(this.root, 'cache')
  }

  get runsDir(): string {
    return path.join(this.root, 'runs')
  }

  /** What verbs other than `up` did on a day (UTC), as JSON lines. */
  toolLog(day: Date): string {
    return path.join(this.root, 'logs', `azl-vm-${day.toISOString().slice(0, 10)}.jsonl`)
  }

  /** Not in the machine's folder, which goes while the lock is held. */
  machineLock(provider: string, host: string, name: string): string {
    return path.join(this.root, 'state', 'locks', digest(JSON.stringify([provider, host, name.toLowerCase()])))
  }

  /** The lock of a thing that machines share; its name is hashed, for it holds URIs. */
  sharedLock(name: string): string {
    return path.join(this.root, 'state', 'shared', digest(name))
  }

  /** What the recorders of serial ports write, a folder for each machine. */
  get recordersDir(): string {
    return path.join(this.root, 'state', 'recorders')
  }

  hostFacts(provider: string, host: string): string {
    return path.join(this.root, 'state', 'hosts', provider, `${digest(host)}.json`)
  }

  machine(provider: string, host: string, name: string): MachinePaths {
    return machinePathsIn(path.join(this.machinesDir, provider, digest(host), name.toLowerCase()))
  }

  run(runId: string): RunPaths {
    const dir = path.join(this.runsDir, runId)
    const at = (name: string): string => path.join(dir, name)
    return {
      dir,
      events: at('events.jsonl'),
      plan: at('plan.json'),
      serial: at('serial.log'),
      systemSerial: at('system.log'),
      report: at('report.json'),
      screenshot: at('screenshot.png'),
    }
  }
}

export function machinePathsIn(dir: string): MachinePaths {
  return {
    dir,
    record: path.join(dir, 'machine.json'),
    journal: path.join(dir, 'journal.jsonl'),
  }
}

/** Twelve hex digits that stand for a host or a shared thing in a path. */
function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12)
}
