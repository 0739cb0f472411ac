import { isNoDomain } from 'libvirt-ts'
import type { Call } from '../../src/provider/contract.ts'
import type { DomainConfig } from './domain-config.ts'
import { signalOf, type Session } from './session.ts'

/** Every domain's configuration; one that goes away while we look is passed over. */
export async function allDomains(session: Session, call: Call): Promise<readonly DomainConfig[]> {
  return await session.run('list the domains', call, async (connection) => {
    const domains = await connection.listDomains({}, signalOf(call))
    const configs = await Promise.all(
      domains.map(async (domain) => {
        try {
          return session.parse(await domain.xml({ ...signalOf(call), inactive: true }))
        } catch (error) {
          if (isNoDomain(error)) return undefined
          throw error
        }
      }),
    )
    return configs.filter((config) => config !== undefined)
  })
}
