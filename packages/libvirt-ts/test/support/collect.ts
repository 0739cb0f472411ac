/** All bytes of a stream. */
export async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of source) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Reads until `text` has come, and gives back all that was read. The stream stays open. */
export async function readUntil(iterator: AsyncIterator<Uint8Array>, text: string): Promise<string> {
  let seen = ''
  while (!seen.includes(text)) {
    const next = await iterator.next()
    if (next.done === true) throw new Error(`the stream ended before '${text}'; it said: ${JSON.stringify(seen)}`)
    seen += Buffer.from(next.value).toString('latin1')
  }
  return seen
}
