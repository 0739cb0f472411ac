import type { CallOptions, Screenshot } from '../api.ts'
import { ProtocolError } from '../errors.ts'
import { procedures } from '../rpc/procedures.ts'
import type { DomainRef } from './domain-handle.ts'
import type { Client } from './handles.ts'
import { receiveAll } from './transfer.ts'

/** No screen is larger; a daemon that sends more is cut off. */
const maxScreenshotBytes = 256 << 20

/** The picture comes as a stream on the connection itself: it is small and is always taken to the end. */
export async function takeScreenshot(
  client: Client,
  dom: DomainRef,
  options: CallOptions & { readonly screen?: number },
): Promise<Screenshot> {
  const args = { dom, screen: options.screen ?? 0, flags: 0 }
  const { result, data } = await receiveAll(
    client.channel,
    procedures.domainScreenshot,
    args,
    maxScreenshotBytes,
    options,
  )
  if (result.mime === undefined) throw new ProtocolError('the screenshot has no type')
  return { mimeType: result.mime, data }
}
