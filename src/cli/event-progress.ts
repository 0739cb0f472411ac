import type { EventListener } from '../events/events.ts'
import { roughBytes } from '../format-bytes.ts'
import type { Progress } from './progress.ts'

/** Tells the events of a run as progress: give it to the run's event bus. */
export function eventProgress(progress: Progress): EventListener {
  return (event) => {
    switch (event.type) {
      case 'step-started':
        return progress.startPhase(event.text)
      case 'step-finished':
        return progress.finishPhase(
          event.outcome,
          event.detail === undefined ? event.text : `${event.text} (${event.detail})`,
        )
      case 'step-progress':
        return progress.updatePhase(`${roughBytes(event.doneBytes)} of ${roughBytes(event.totalBytes)}`)
      case 'boot-stage':
        return progress.say(`  reached: ${event.stage}`)
      case 'warning':
        return progress.warn(event.hint === undefined ? event.message : `${event.message} (${event.hint})`)
      case 'note':
        return progress.say(event.message)
      case 'debug':
        return progress.detail(event.message)
      case 'run-started':
      case 'first-byte':
        return undefined
      case 'run-finished':
        return event.outcome === 'ok' ? undefined : progress.finishPhase('failed')
    }
  }
}
