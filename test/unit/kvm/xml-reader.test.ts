import { describe, expect, test } from 'vitest'
import { element, toXml } from '../../../providers/kvm/xml.ts'
import { parseXml } from '../../../providers/kvm/xml-reader.ts'

describe('a document', () => {
  test('as libvirt writes it is read by path', () => {
    const domain = parseXml(`<?xml version='1.0'?>
<!-- a <comment> that says nothing -->
<domain type='qemu' id='7'>
  <name>a b</name>
  <metadata><azl:mark xmlns:azl="urn:azl-vm:mark:1">{"v":1,"name":"a&lt;b"}</azl:mark></metadata>
  <vcpu placement='static'>2</vcpu>
  <devices>
    <disk type='file' device='disk'><target dev='vda' bus='virtio'/></disk>
    <disk type='file' device='cdrom'><target dev='sda' bus='sata'/><readonly/></disk>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
  </devices>
</domain>
`)
    expect(domain.name).toBe('domain')
    expect(domain.attribute('type')).toBe('qemu')
    expect(domain.attribute('ty')).toBeUndefined()
    expect(domain.find('name')?.text).toBe('a b')
    expect(domain.find('metadata', 'azl:mark')?.text).toBe('{"v":1,"name":"a<b"}')
    expect(domain.find('metadata', 'azl:mark')?.attribute('xmlns:azl')).toBe('urn:azl-vm:mark:1')
    expect(domain.find('vcpu')?.text).toBe('2')
    expect(domain.all('devices', 'disk').map((disk) => disk.find('target')?.attribute('dev'))).toEqual(['vda', 'sda'])
    expect(domain.all('devices', 'disk')[1]?.find('readonly')?.text).toBe('')
    expect(domain.find('devices', 'interface')).toBeUndefined()
    expect(domain.all('devices', 'interface', 'mac')).toEqual([])
  })

  test.each([
    ['both kinds of quotes', `<a b="it's" c='"'/>`, { b: "it's", c: '"' }],
    ['the end of a tag in a value', `<a b='x>y/'/>`, { b: 'x>y/' }],
    ['line breaks between attributes', `<a\n  b = 'x'\n\tc="y"\n/>`, { b: 'x', c: 'y' }],
    ['references', `<a b='&lt;&amp;&quot;&apos;&gt;&#10;&#x1F600;&amp;lt;'/>`, { b: `<&"'>\n\u{1F600}&lt;` }],
    ['a key that another one ends in', `<a xb='1' b='2'/>`, { b: '2' }],
    ['a key in the value of another one', `<a x="b='1'" b='2'/>`, { b: '2' }],
    ['a key that objects have anyway', `<a constructor='2'/>`, { constructor: '2' }],
  ])('attributes: %s', (_, document, expected) => {
    const node = parseXml(document)
    for (const [key, value] of Object.entries(expected)) expect(node.attribute(key)).toBe(value)
  })

  test('text: CDATA as it is, comments not, children not, nothing trimmed', () => {
    const node = parseXml('<a> 1 <![CDATA[<b>&lt;]]><!-- 2 --><b>3</b>\n</a>')
    expect(node.text).toBe(' 1 <b>&lt;\n')
    expect(node.find('b')?.text).toBe('3')
  })

  test('what the builder wrote comes back', () => {
    const text = `<&>'"\u{1F600}\t\r\n ]]> &amp;`
    const node = parseXml(toXml(element('a', { key: text }, text)))
    expect(node.attribute('key')).toBe(text)
    expect(node.text).toBe(text)
  })

  test.each([
    ['nothing', ''],
    ['only a declaration', `<?xml version='1.0'?>`],
    ['no element', 'hello'],
    ['text behind the element', '<a/>b'],
    ['two elements', '<a/><b/>'],
    ['an element that does not end', '<a><b></b>'],
    ['the wrong end', '<a><b></a></b>'],
    ['an end without a beginning', '<a/></a>'],
    ['a tag that is cut off', "<a b='1"],
    ['a value without quotes', '<a b=1/>'],
    ['a reference to what nobody declared', '<a>&b;</a>'],
    ['a comment that is cut off', '<a/><!-- '],
    ['a document type, which libvirt never sends', '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'],
  ])('that is none is refused: %s', (_, document) => {
    expect(() => parseXml(document)).toThrow(expect.objectContaining({ code: 'bad-reply' }) as Error)
  })

  test('of megabytes, and a hostile one, take no time to speak of', () => {
    const many = `<a>${'<b c="d">e</b>\n'.repeat(100_000)}</a>`
    expect(parseXml(many).all('b')).toHaveLength(100_000)
    expect(() => parseXml(`<a ${'b '.repeat(50_000)}`)).toThrow()
    expect(() => parseXml('<a'.repeat(50_000))).toThrow()
    expect(() => parseXml(`<a${' '.repeat(50_000)}`)).toThrow()
  })
})
