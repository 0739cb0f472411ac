import { describe, expect, test } from 'vitest'
import { isSerialLogVolume, laterFiles, machineFiles, poolNameFor } from '../../../providers/kvm/names.ts'

const runId = '5f2c9a01-m3k2p9xq-1f4-4x2k9-9bd02c11'
const laterRunId = '5f2c9a01-m3k2q000-1f4-4x2k9-9bd02c11'

describe('the volumes of a machine', () => {
  const files = machineFiles('azl4', runId)
  const later = laterFiles('azl4', runId, laterRunId)

  test.each([files.serialLog(0), files.serialLog(1), `${files.serialLog(0)}.0`, `${files.serialLog(1)}.12`])(
    '%s is a serial log, which stays with the machine when its snapshots are swept',
    (name) => {
      expect(isSerialLogVolume(name)).toBe(true)
    },
  )

  test.each([files.disk(0), files.nvram, later.disk(0), later.nvram, later.memory, 'mine.serial.log', 'serial.log'])(
    '%s is none',
    (name) => {
      expect(isSerialLogVolume(name)).toBe(false)
    },
  )
})

test('a folder has one pool, with or without a slash at its end', () => {
  expect(poolNameFor('/srv/machines/')).toBe(poolNameFor('/srv/machines'))
  expect(poolNameFor('/srv/machines')).not.toBe(poolNameFor('/srv/others'))
})
