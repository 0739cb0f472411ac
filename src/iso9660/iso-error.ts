/** Why an image could not be read. Rooms that talk to users translate it (src/media). */
export type IsoErrorCode = 'not-iso' | 'truncated' | 'malformed' | 'not-found' | 'not-a-file' | 'too-large' | 'not-fat'

export class IsoError extends Error {
  readonly code: IsoErrorCode

  constructor(code: IsoErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'IsoError'
    this.code = code
  }
}
