import { describe, expect, it } from 'vitest'
import { ProtocolError } from '../../src/index.ts'
import { array, charArray, string, uhyper, uint, uuid } from '../../src/rpc/codec.ts'
import type { AnyCodec } from '../../src/rpc/codec.ts'
import { procedures } from '../../src/rpc/procedures.ts'
import { XdrReader, XdrWriter } from '../../src/rpc/xdr.ts'

function encode(codec: AnyCodec, value: unknown): string {
  const writer = new XdrWriter()
  codec.write(writer, value as never)
  return writer.finish().toString('hex')
}

const decode = (codec: AnyCodec, hex: string): unknown =>
  codec.read(new XdrReader(Buffer.from(hex.replaceAll(' ', ''), 'hex')))

const domain = { name: 'tëst', uuid: '6695eb01-f6a4-8304-79aa-97f2502e193f', id: -1 }
const domainHex = [
  '00000005', // bytes of the name, which is not its characters
  '74c3ab7374000000', // "tëst" and three zeros up to a whole word
  '6695eb01f6a4830479aa97f2502e193f', // UUID, no length
  'ffffffff', // id: not running
].join('')

describe('XDR vectors', () => {
  it('writes and reads a domain: a padded string, a fixed UUID, a signed number', () => {
    const { args } = procedures.domainSuspend
    expect(encode(args, { dom: domain })).toBe(domainHex)
    expect(decode(args, domainHex)).toEqual({ dom: domain })
  })

  it('writes and reads optional texts: a word that says whether they are there', () => {
    const { args } = procedures.connectOpen
    expect(encode(args, { name: undefined, flags: 1 })).toBe('0000000000000001')
    expect(encode(args, { name: 'a', flags: 0 })).toBe('00000001' + '00000001' + '61000000' + '00000000')
    expect(decode(args, '00000001 00000001 61000000 00000000')).toEqual({ name: 'a', flags: 0 })
  })

  it('writes and reads sizes beyond four gibibytes', () => {
    expect(encode(uhyper, 0x1_0000_0001)).toBe('0000000100000001')
    expect(decode(uhyper, '0000000100000001')).toBe(0x1_0000_0001)
  })

  it('reads an array of structures and its count', () => {
    expect(decode(procedures.domainListAll.result, `00000001${domainHex}00000001`)).toEqual({
      domains: [domain],
      ret: 1,
    })
  })

  it('reads the CPU model of node info: one word for each of its 32 characters', () => {
    const model = Buffer.from('x86_64')
      .toString('hex')
      .replace(/../g, '000000$&')
      .padEnd(32 * 8, '0')
    expect(decode(charArray(32), model)).toBe('x86_64')
    expect(encode(charArray(32), 'x86_64')).toBe(model)
  })

  it('gives every structure back as it was, through both directions', () => {
    const args = { dom: domain, type: 2, metadata: '<a/>', key: undefined, uri: 'urn:ü', flags: 3 }
    const { args: codec } = procedures.domainSetMetadata
    expect(decode(codec, encode(codec, args))).toEqual(args)
  })

  it('grows with what is written', () => {
    const text = 'é'.repeat(1_000_000)
    expect(decode(string, encode(string, text))).toBe(text)
  })
})

describe('XDR that lies', () => {
  it.each([
    ['a text that is cut short', string, '00000005 6162'],
    ['a text longer than libvirt allows', string, '00400001 61616161'],
    ['a number that is cut short', uint, '0000'],
    ['a size that is cut short', uhyper, '00000000 000000'],
    ['an array with more elements than there can be bytes', array(uint, 'REMOTE_DOMAIN_LIST_MAX'), '00004000 00000001'],
    ['an array longer than libvirt allows', array(uint, 'REMOTE_DOMAIN_LIST_MAX'), 'ffffffff'],
    ['an optional value marked 2', procedures.connectOpen.args, '00000002 00000000'],
  ])('refuses %s with a typed error', (_title, codec, hex) => {
    expect(() => decode(codec, hex)).toThrow(ProtocolError)
  })

  it('refuses to send what the daemon would refuse: a text over 4 MiB, a UUID that is none', () => {
    expect(() => encode(string, 'x'.repeat((4 << 20) + 1))).toThrow(/4194304/)
    expect(() => encode(uuid, 'nonsense')).toThrow(ProtocolError)
  })

  it('refuses more than libvirt allows also where all the bytes are there', () => {
    const long = Buffer.concat([Buffer.from('00400004', 'hex'), Buffer.alloc(0x400004, 'x')])
    expect(() => string.read(new XdrReader(long))).toThrow(/limit is 4194304/)
    const many = Buffer.concat([Buffer.from('00004001', 'hex'), Buffer.alloc(4 * 0x4001)])
    expect(() => array(uint, 'REMOTE_DOMAIN_LIST_MAX').read(new XdrReader(many))).toThrow(/limit is 16384/)
  })

  it('turns every truncation of a real answer into a typed error, never into another value', () => {
    const { result } = procedures.domainListAll
    const whole = Buffer.from(`00000001${domainHex}00000001`, 'hex')
    for (let length = 0; length < whole.length; length += 1) {
      expect(() => result.read(new XdrReader(whole.subarray(0, length)))).toThrow(ProtocolError)
    }
  })
})
