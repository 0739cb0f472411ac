/** The one file that knows which providers exist. */
import type { App } from './commands/app.ts'
import type { MainWorld } from './cli/context.ts'

export function compose(_world: MainWorld): Promise<App> {
  return Promise.resolve({ specProviders: () => Promise.resolve({}) })
}
