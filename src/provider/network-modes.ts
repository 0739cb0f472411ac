/**
 * The network modes, defined by their effect; the contract suite proves this table on every provider.
 *
 * | mode      | guest to outside | guest to host | host to guest   | guest to other guests |
 * | nat       | yes              | yes           | SSH and forward | no promise            |
 * | bridged   | yes              | yes           | yes             | yes                   |
 * | host-only | no               | yes           | yes             | yes                   |
 * | isolated  | no               | no            | no              | no                    |
 */
export type { NetworkMode } from '../spec/schema.ts'
