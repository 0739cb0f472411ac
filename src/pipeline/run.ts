/** One execution of a verb: its id, its folder of evidence, its events. */
import { mkdirSync } from 'node:fs'
import { EventBus } from '../events/event-bus.ts'
import type { EventListener } from '../events/events.ts'
import { mintRunId } from '../provider/mark.ts'
import { AppendFile } from '../store/append-file.ts'
import { stateError } from '../store/atomic-file.ts'
import type { RunPaths } from '../store/paths.ts'
import type { Environment } from './environment.ts'

export interface Run {
  readonly id: string
  readonly paths: RunPaths
  readonly bus: EventBus
  close(): void
}

/** Opens a run's folder first, so that a place that cannot be written fails in the first second. */
export function openRun(environment: Environment, listener: EventListener): Run {
  const id = mintRunId(environment.owner, environment.processes.self, environment.now())
  const paths = environment.home.run(id)
  try {
    mkdirSync(paths.dir, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw stateError(paths.dir, error)
  }
  const file = new AppendFile(paths.events)
  const bus = new EventBus(id, environment.now)
  bus.subscribe((event) => { file.append(`${JSON.stringify(event)}\n`) })
  bus.subscribe(listener)
  return { id, paths, bus, close: () => { file.close() } }
}
