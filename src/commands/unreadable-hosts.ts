/** Hosts that could not be asked, as a command that goes on without them tells of them. */
import { reportError } from '../cli/render-error.ts'
import type { Progress } from '../cli/progress.ts'
import type { UnreadableHost } from '../pipeline/find-machine.ts'

/** A warning for each, with what led to it, and what to do. */
export function warnOfUnreadable(progress: Progress, hosts: readonly UnreadableHost[]): void {
  for (const { host, error } of hosts) {
    const { message, causes, hint } = reportError(error)
    progress.warn([`cannot ask ${host}`, message, ...causes].join(': '))
    if (hint !== undefined) progress.say(`hint: ${hint}`)
  }
}

/** The same for programs. */
export function unreadableData(hosts: readonly UnreadableHost[]): readonly unknown[] {
  return hosts.map(({ provider, host, error }) => {
    const { code, message, causes, hint } = reportError(error)
    return { provider, host, code, message, causes, ...(hint === undefined ? {} : { hint }) }
  })
}
