import { int, struct } from './codec.ts'
import { programs } from './limits.ts'
import { domainRef } from './shapes.ts'

/** Messages that the daemon sends by itself: the number and the structure. */
export const events = {
  domainLifecycle: {
    program: programs.REMOTE_PROGRAM,
    name: 'DOMAIN_EVENT_CALLBACK_LIFECYCLE',
    number: 318,
    message: struct('remote_domain_event_callback_lifecycle_msg', {
      callbackID: int,
      msg: struct('remote_domain_event_lifecycle_msg', { dom: domainRef, event: int, detail: int }),
    }),
  },
} as const
