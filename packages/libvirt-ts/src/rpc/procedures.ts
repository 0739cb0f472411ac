/**
 * The calls that this client makes: libvirt's name, number, arguments and answer of each. The names of structures,
 * fields and types are those of libvirt's protocol description; `npm run check:protocol` compares all of them.
 */
import { blockJobCalls } from './calls/block-job.ts'
import { connectCalls } from './calls/connect.ts'
import { domainCalls } from './calls/domain.ts'
import { networkCalls } from './calls/network.ts'
import { poolCalls } from './calls/pool.ts'
import { saveCalls } from './calls/save.ts'
import { snapshotCalls } from './calls/snapshot.ts'
import { volumeCalls } from './calls/volume.ts'

/** Every call, under our names. */
export const procedures = {
  ...connectCalls,
  ...domainCalls,
  ...saveCalls,
  ...snapshotCalls,
  ...blockJobCalls,
  ...poolCalls,
  ...volumeCalls,
  ...networkCalls,
} as const
