import { expect, test } from 'vitest'
import { chooseHost } from '../../../providers/hyperv/host.ts'
import { Session } from '../../../providers/hyperv/session.ts'
import { viewerOf } from '../../../providers/hyperv/viewer.ts'
import { providerContext, testCall } from '../../support/test-environment.ts'

test('from a computer without Windows there is no window, and what shows the machine instead is said', async () => {
  const session = new Session(chooseHost('ssh://hv01'), providerContext({ platform: 'linux' }))
  await expect(viewerOf(session, { name: 'azl4', id: 'id' }, testCall())).rejects.toMatchObject({
    code: 'not-supported',
    message: 'vmconnect, the window on a Hyper-V machine, is a program of Windows',
    hint: expect.stringContaining('`azl-vm screenshot azl4`') as string,
  })
})
