/** An answer as bytes, for answers that no honest daemon gives. */
export class RawReply {
  readonly payload: Uint8Array
  readonly status: number

  constructor(payload: Uint8Array, status = 0) {
    this.payload = payload
    this.status = status
  }
}
