import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { shortenIdling } from '../../../scripts/host-setup/virtualbox-idling.mjs'
import { fakeHost } from './fake-host.ts'

const asked = (milliseconds: string) => `be${milliseconds}bf00040000`
const tenSeconds = asked('10270000')
const oneSecond = asked('e8030000')

/** A library with these bytes, as hexadecimal digits, after it was set up twice. */
function setUp(hex: string) {
  const usr = mkdtempSync(join(tmpdir(), 'azl-vbox-'))
  const folder = join(usr, 'lib', 'virtualbox', 'components')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'VBoxXPCOMIPCC.so'), Buffer.from(hex, 'hex'))
  const { host, said } = fakeHost()
  for (let time = 0; time < 2; time += 1) shortenIdling(host, usr)
  return { hex: readFileSync(join(folder, 'VBoxXPCOMIPCC.so'), 'hex'), said, files: readdirSync(folder) }
}

it('is one second, and all else stays', () => {
  expect(setUp(`00${tenSeconds}be10270000`)).toEqual({
    hex: `00${oneSecond}be10270000`,
    said: [],
    files: ['VBoxXPCOMIPCC.so'],
  })
})

it.each([
  ['is not there', 'be10270000'],
  ['is there twice', tenSeconds + tenSeconds],
])('stays where the place %s, and that is said', (_case, hex) => {
  const after = setUp(hex)
  expect(after.hex).toBe(hex)
  expect(after.said[0]).toContain('a call may take 10 s')
})

it('is of no account where nothing was unpacked', () => {
  const { host, said } = fakeHost()
  shortenIdling(host, '/nowhere')
  expect(said).toEqual([])
})
