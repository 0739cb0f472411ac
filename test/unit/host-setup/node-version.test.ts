import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { nodeFault, satisfies } from '../../../scripts/host-setup/node-version.mjs'

const RANGE = '^20.19.0 || ^22.13.0 || >=24'

describe('satisfies', () => {
  it.each(['20.19.0', '20.20.2', '22.13.0', '22.30.1', '24.0.0', '25.1.0', '31.0.0'])('takes %s', (version) => {
    expect(satisfies(version, RANGE)).toBe(true)
  })

  it.each(['18.20.4', '20.18.9', '21.7.3', '22.11.9', '23.11.0', '12.0.0'])('refuses %s', (version) => {
    expect(satisfies(version, RANGE)).toBe(false)
  })

  it('understands the range that package.json has', () => {
    const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as { engines: { node: string } }
    expect(manifest.engines.node).toMatch(/^(\^|>=)\d+(\.\d+){0,2}( \|\| (\^|>=)\d+(\.\d+){0,2})*$/)
    expect(satisfies(process.versions.node, manifest.engines.node)).toBe(true)
  })
})

describe('nodeFault', () => {
  it('says what is needed, what is there and what to do', () => {
    const fault = nodeFault('18.20.4', RANGE)
    expect(fault).toContain(RANGE)
    expect(fault).toContain('18.20.4')
    expect(fault).toContain('nvm install 22')
  })

  it('has nothing to say about a good one', () => {
    expect(nodeFault('22.13.0', RANGE)).toBeUndefined()
  })
})
