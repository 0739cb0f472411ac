/** The questions for a real Hyper-V host, put to the simulator: it answers each as rules.json expects of Windows. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { askHyperV } from '../../hyperv-host/evidence.ts'
import { missingForSimulator, startHyperVSimulator } from '../../support/hyperv-simulator.ts'

const missing = await missingForSimulator()

test.skipIf(missing !== undefined)(
  `every rule bites [${missing ?? 'in the simulator'}]`,
  async () => {
    const simulator = await startHyperVSimulator()
    try {
      const evidence = await askHyperV({
        env: simulator.env,
        folder: join(simulator.folder, 'evidence'),
        now: new Date(0),
      })
      expect(evidence.rules.filter(({ expected, seen }) => expected !== seen)).toEqual([])
      expect(evidence.rules.length).toBeGreaterThan(30)
      expect(evidence.host).toMatchObject({ build: 26100, languageMode: 'FullLanguage' })
      // A refusal is told with all that tells it from others in any language.
      const refused = evidence.rules.find(({ rule }) => rule === 'missing-by-name')
      expect(refused?.error?.category).toBe('InvalidArgument')
      expect(refused?.error?.hresult).toMatch(/^0x[0-9A-F]{8}$/)
      const left = await simulator.run('@(Hyper-V\\Get-VM).Length; @(Hyper-V\\Get-VMSwitch).Length')
      expect(left.stdout).toBe('0\n1')
    } finally {
      await simulator.stop()
    }
  },
  900_000,
)
