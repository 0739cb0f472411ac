import { describe, expect, test } from 'vitest'
import { bootIdsAt } from '../../../src/host/process-identity.ts'

describe('the id of a boot that is known by its time', () => {
  test('is taken for the same where the computed time drifts over an edge, and not after another boot', () => {
    const edge = 1_000_000 * 600 + 300
    const [before] = bootIdsAt(edge - 1, 'box')
    const [after] = bootIdsAt(edge + 1, 'box')
    expect(before).not.toBe(after)
    expect(bootIdsAt(edge - 1, 'box')).toContain(after)
    expect(bootIdsAt(edge + 1, 'box')).toContain(before)
    expect(bootIdsAt(edge + 3600, 'box')).not.toContain(before)
    expect(bootIdsAt(edge, 'other')).not.toContain(before)
  })
})
