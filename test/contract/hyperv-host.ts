/** The Hyper-V simulator for the contract suite, and what an admin could do there with Hyper-V's own tools. */
import { randomUUID } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { definition } from '../../providers/hyperv/index.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import {
  hyperVInventory,
  machineFile,
  simulatedMachines,
  usualPlace,
  type SimulatedMachine,
} from '../support/hyperv-inventory.ts'
import { startHyperVSimulator, type HyperVSimulator } from '../support/hyperv-simulator.ts'
import { buildRecorder } from '../support/recorder-program.ts'
import { providerContext } from '../support/test-environment.ts'
import type { ContractHost } from './contract-bench.ts'

export interface HyperVHost extends ContractHost {
  readonly simulator: HyperVSimulator
  /** Runs a script of an admin's, and hands back what it wrote. */
  run(script: string, ...scriptArguments: readonly string[]): Promise<string>
}

export async function openHyperVHost(): Promise<HyperVHost> {
  const simulator = await startHyperVSimulator()
  // As in one process: locks and what is known of the host are shared by all that is opened.
  const recorder = await buildRecorder()
  const context = providerContext({
    env: simulator.env,
    recorder: { folder: join(simulator.folder, 'recorders'), command: recorder.command },
  })
  const run = async (script: string, ...scriptArguments: readonly string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await simulator.run(script, ...scriptArguments)
    if (exitCode !== 0) throw new Error(stderr)
    return stdout
  }
  return {
    simulator,
    run,
    open: () => definition.open('local', context),
    // No SystemRoot: this is no Windows.
    openUnready: () => definition.open('local', providerContext({ env: {} })),
    makeForeignMachine: async (name) => {
      const made = await run(
        String.raw`(Hyper-V\New-VM -Name $args[0] -MemoryStartupBytes 67108864 -Generation 2 -NoVHD).Id.ToString()`,
        name,
      )
      return { name, id: made.trim() }
    },
    removeForeignMachine: async ({ id, name }) => {
      await rm(machineFile(simulator, id), { force: true })
      await rm(join(usualPlace(simulator), name), { recursive: true, force: true })
    },
    // As an import with a new id, which the simulator does not play.
    copyByHand: async (ref, name) => {
      const original = await simulatedMachine(simulator, ref)
      const id = randomUUID()
      await writeFile(machineFile(simulator, id), JSON.stringify({ ...original, id, name }))
      return { name, id }
    },
    makeLeftover: async (_name, runId) => {
      const folder = join(usualPlace(simulator), `azl-vm-${runId}`)
      await mkdir(folder, { recursive: true })
      await writeFile(join(folder, 'disk0.vhdx'), '')
      return folder
    },
    guestUuid: async (ref) => (await simulatedMachine(simulator, ref)).id,
    hearFrom: (mac) =>
      simulator.setKnobs({
        neighbours: [{ address: '172.20.4.7', mac: mac.replaceAll(':', '-').toUpperCase(), state: 'Reachable' }],
      }),
    inventory: async () =>
      (await hyperVInventory(simulator, join(simulator.folder, 'elsewhere'))).map(({ what }) => what).toSorted(),
    close: async () => {
      await simulator.stop()
      await recorder.remove()
    },
  }
}

/** By core's id, which its mark holds. */
async function simulatedMachine(simulator: HyperVSimulator, ref: MachineRef): Promise<SimulatedMachine> {
  const machine = (await simulatedMachines(simulator)).find(
    ({ id, notes }) => id === ref.id || notes.includes(`"machineId":"${ref.id}"`),
  )
  if (!machine) throw new Error(`no machine ${ref.name} in the simulator`)
  return machine
}
