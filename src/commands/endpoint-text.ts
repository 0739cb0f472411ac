import type { Endpoint } from '../provider/machine.ts'

/** What is said behind "is running". */
export function sshText(endpoint: Endpoint | undefined): string {
  return endpoint ? `; ssh: ${endpoint.address} port ${String(endpoint.port)}` : ''
}
