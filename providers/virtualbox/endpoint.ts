import type { Endpoint } from '../../src/provider/machine.ts'
import { currentForwards } from './forwards.ts'
import { powerState } from './info.ts'
import type { FoundMachine } from './machines.ts'

const sshPort = 22

/** The forwarded port; undefined where there is none, or the machine does not run. */
export function endpointOf(machine: FoundMachine): Endpoint | undefined {
  if (powerState(machine.state) !== 'running') return undefined
  const rule = currentForwards(machine).find(({ guestPort }) => guestPort === sshPort)
  return rule && { address: '127.0.0.1', port: rule.hostPort }
}
