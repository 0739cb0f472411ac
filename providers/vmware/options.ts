import * as z from 'zod'

/** The spec's key `vmware`: what only this provider has; nothing yet. */
export const vmwareOptions = z.strictObject({})
