import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { bootIdsAt, processTable } from '../../../src/host/process-identity.ts'

describe.skipIf(process.platform !== 'linux')('a process', () => {
  test('that ended is gone, also where who began it never asks how it ended', async () => {
    // The shell becomes a program that knows of no child.
    const parent = spawn('/bin/sh', ['-c', 'sleep 0 & echo $!; exec sleep 600'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    try {
      const [pid] = (await once(createInterface(parent.stdout), 'line')) as [string]
      const processes = await processTable()
      const isAlive = (of: number): boolean => processes.isAlive({ ...processes.self, pid: of, startTime: '' })
      await expect.poll(() => isAlive(Number(pid))).toBe(false)
      expect(() => process.kill(Number(pid), 0)).not.toThrow()
      expect(isAlive(parent.pid!)).toBe(true)
    } finally {
      parent.kill('SIGKILL')
    }
  })
})

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
