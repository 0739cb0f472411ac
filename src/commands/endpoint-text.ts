import type { Endpoint } from '../provider/machine.ts'

/** What is said behind "is running". */
export function sshText(endpoint: Endpoint | undefined): string {
  return endpoint ? `; ssh: ${endpointText(endpoint)}` : ''
}

/** `127.0.0.1 port 2222`, and for a guest behind another computer: `…, through admin@kvm1`. */
export function endpointText({ address, port, via }: Endpoint): string {
  const where = `${address} port ${String(port)}`
  if (via === undefined) return where
  const host = via.user === undefined ? via.host : `${via.user}@${via.host}`
  return `${where}, through ${host}${via.port === undefined ? '' : ` port ${String(via.port)}`}`
}
