import { isOperationInvalid, type Domain } from 'libvirt-ts'
import type { Call } from '../../src/provider/contract.ts'
import { notOwned } from '../../src/provider/machine-errors.ts'
import type { Mark } from '../../src/provider/mark.ts'
import { markNamespace, markPrefix, markXml } from './mark-metadata.ts'
import { signalOf, type Session } from './session.ts'

/** Writes a domain's mark anew, by what it is now, in what runs and in what is kept. */
export async function changeMark(
  session: Session,
  domain: Domain,
  change: (mark: Mark) => Mark,
  call: Call,
): Promise<void> {
  const { mark } = await session.config(domain, call)
  if (!mark) throw notOwned(domain)
  const xml = markXml(change(mark))
  await session.run(`mark ${domain.name}`, call, async () => {
    const isActive = await domain.isActive(signalOf(call))
    const write = (scope: 'both' | 'config'): Promise<void> =>
      domain.setMetadata({ uri: markNamespace, prefix: markPrefix, xml, scope }, signalOf(call))
    try {
      await write(isActive ? 'both' : 'config')
    } catch (error) {
      // It went off between the look and the write.
      if (!isActive || !isOperationInvalid(error)) throw error
      await write('config')
    }
  })
}
