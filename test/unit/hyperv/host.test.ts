import { expect, test } from 'vitest'
import { chooseHost } from '../../../providers/hyperv/host.ts'

test('a host is this computer, or one that is reached by SSH', () => {
  expect(chooseHost('local')).toEqual({ host: 'local', via: undefined })
  expect(chooseHost('ssh://hv01/')).toEqual({
    host: 'ssh://hv01',
    via: { host: 'hv01', user: undefined, port: undefined },
  })
  expect(chooseHost('SSH://dom%5Cadmin@[fe80::1]:2222')).toEqual({
    host: 'SSH://dom%5Cadmin@[fe80::1]:2222',
    via: { host: 'fe80::1', user: 'dom\\admin', port: 2222 },
  })
})

test.each([
  'hv01',
  'http://hv01',
  'ssh://',
  'ssh://a@b@c',
  'ssh://hv01/path',
  'ssh://hv01?x=1',
  'ssh://-oProxyCommand=x',
  'ssh://-l@hv01',
  'ssh://%2DoProxyCommand=x@hv01',
  'ssh://dom%5C@hv01',
  'ssh://a%0Ab@hv01',
  'ssh://$(reboot)@hv01',
  'ssh://a%3Breboot@hv01',
  'ssh://100%@hv01',
])('%s is refused with what to write', (host) => {
  expect(() => chooseHost(host)).toThrow(expect.objectContaining({ code: 'usage' }))
})
