/** One execution of a verb: its id, its events, and the files that they go to. */
import { isAzlVmError } from '../errors.ts'
import { EventBus } from '../events/event-bus.ts'
import type { EventListener } from '../events/events.ts'
import { mintRunId } from '../provider/mark.ts'
import { AppendFile } from '../store/append-file.ts'
import { stateError } from '../store/atomic-file.ts'
import { makeFolder } from '../store/make-folder.ts'
import type { RunPaths } from '../store/paths.ts'
import type { Environment } from './environment.ts'

export interface VerbRun {
  readonly id: string
  readonly bus: EventBus
  close(): void
}

export interface Run extends VerbRun {
  readonly paths: RunPaths
}

/** A run of `up`, with a folder of evidence. It is opened first: a place that cannot be written fails in the first second. */
export function openRun(environment: Environment, listener: EventListener): Run {
  const id = mintRunId(environment.owner, environment.processes.self, environment.now())
  const paths = environment.home.run(id)
  try {
    makeFolder(paths.dir, 0o700)
  } catch (error) {
    throw stateError(paths.dir, error)
  }
  return { ...logged(environment, id, new AppendFile(paths.events), listener), paths }
}

/** Any other verb: its events go to the day's log, and a log that cannot be written, now or later, is no reason not to look at a machine. */
export function openVerbRun(environment: Environment, listener: EventListener): VerbRun {
  const id = mintRunId(environment.owner, environment.processes.self, environment.now())
  return logged(environment, id, quietFile(environment.home.toolLog(environment.now())), listener)
}

type Log = Pick<AppendFile, 'append' | 'close'>

/** A log that nobody misses: on a full disk `ls` and `destroy` still work. */
function quietFile(path: string): Log | undefined {
  const quietly = (work: () => void): void => {
    try {
      work()
    } catch (error) {
      if (!isAzlVmError(error)) throw error
    }
  }
  let file: AppendFile | undefined
  quietly(() => {
    file = new AppendFile(path)
  })
  return (
    file && {
      append: (content) => {
        quietly(() => file?.append(content))
      },
      close: () => file?.close(),
    }
  )
}

function logged(environment: Environment, id: string, file: Log | undefined, listener: EventListener): VerbRun {
  const bus = new EventBus(id, environment.now)
  if (file)
    bus.subscribe((event) => {
      file.append(`${JSON.stringify(event)}\n`)
    })
  bus.subscribe(listener)
  return {
    id,
    bus,
    close: () => {
      file?.close()
    },
  }
}
