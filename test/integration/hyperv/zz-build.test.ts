import { test } from 'vitest'
import { startHyperVSimulator } from '../../support/hyperv-simulator.ts'
test('build', async () => { const s = await startHyperVSimulator(); await s.stop() }, 900_000)
