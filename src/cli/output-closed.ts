/** The reason of an abort that was made because nobody reads stdout any more (`| head`): that is no failure. */
export const outputClosed = Symbol('stdout is closed')
