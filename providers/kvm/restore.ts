/** Bringing a machine back to a snapshot: what can be known is looked at while the machine is still as it was. */
import { posix } from 'node:path'
import { AzlVmError, isAzlVmError } from '../../src/errors.ts'
import type { Call } from '../../src/provider/contract.ts'
import type { MachineRef, PowerState } from '../../src/provider/machine.ts'
import type { RestoreRequest, RestoreResult } from '../../src/provider/snapshot.ts'
import { changeMark } from './change-mark.ts'
import { volumesOfSnapshot } from './chains.ts'
import type { ArmedConsole } from './console.ts'
import { changeDomain } from './domain-edit.ts'
import { addForwards } from './forwards.ts'
import { powerState } from './info.ts'
import { copyVolume, filesOf, layersOver, ownMachine, redefine, type OwnMachine } from './layers.ts'
import { withOwn, type HeldState } from './mark-metadata.ts'
import { inPool } from './names.ts'
import { startOwnNetworks } from './own-networks.ts'
import { sweep, switchOff } from './removal.ts'
import { afterFailure, signalOf, type Session } from './session.ts'
import { findSnapshot } from './snapshots.ts'
import { noteLogState } from './start.ts'
import { findVolume } from './storage.ts'
import { parseXml } from './xml-reader.ts'

/** A snapshot's memory as a file, and the machine that QEMU held there. */
interface Memory {
  readonly path: string
  readonly xml: string
}

/** An error that comes after the machine was switched off says what it is now. */
export async function restoreSnapshot(
  session: Session,
  ref: MachineRef,
  request: RestoreRequest,
  takeConsoles: () => readonly ArmedConsole[],
  call: Call,
): Promise<RestoreResult> {
  const machine = await ownMachine(session, ref, call)
  const held = findSnapshot(machine, request.name)
  const files = filesOf(machine, request.runId)
  await requireVolumes(session, machine, held, call)
  const memory = await readableMemory(session, machine, held, call)
  const diskPaths = await layersOver(session, machine, held.disks, request.runId, call)
  await copyVolume(session, machine, held.nvram, files.nvram, call)
  await startOwnNetworks(session, ref, call)
  // Where none was held, libvirt makes the variables anew at the next start.
  const nvramPath = inPool(machine.poolPath, files.nvram)
  const result = await goBack(session, ref, held, nvramPath, call, async () => {
    await switchOff(session, machine.domain, call)
    const own = { currentSnapshot: held.name, unreadMemory: memory && held.name }
    await redefine(session, machine, { diskPaths, nvramPath }, () => own, call)
    return memory
      ? await goOn(session, ref, held, memory, takeConsoles(), call)
      : ({ state: 'off', outputs: {} } as const)
  })
  await sweep(session, machine.mark, call)
  return result
}

/** All that the snapshot is made of, and the media that its guest had in its drives. */
async function requireVolumes(
  session: Session,
  { pool, poolPath, domain }: OwnMachine,
  held: HeldState,
  call: Call,
): Promise<void> {
  const media = held.media.filter((path) => posix.dirname(path) === poolPath).map((path) => posix.basename(path))
  await session.run(`look for what ${held.name} holds`, call, async () => {
    for (const name of [...volumesOfSnapshot(held), ...media]) {
      if (await findVolume(pool, name, call)) continue
      const what = `the snapshot "${held.name}" of "${domain.name}" cannot be brought back`
      throw new AzlVmError('backend-failed', `${what}: ${name} is gone from the pool ${pool.name}`, {
        hint: `The machine is as it was. \`azl-vm snapshot delete ${domain.name} ${held.name}\` forgets the snapshot.`,
      })
    }
  })
}

/** Throws where libvirt cannot read the file, or does not run such a machine (any more). */
async function readableMemory(
  session: Session,
  { poolPath }: OwnMachine,
  held: HeldState,
  call: Call,
): Promise<Memory | undefined> {
  if (held.memory === undefined) return undefined
  const path = inPool(poolPath, held.memory)
  const xml = await session.run(`read the memory of ${held.name}`, call, (connection) =>
    connection.saveImageXml(path, { ...signalOf(call), secure: true }),
  )
  const domain = parseXml(xml)
  const type = domain.find('os', 'type')
  const query = {
    virtType: domain.attribute('type'),
    arch: type?.attribute('arch'),
    machine: type?.attribute('machine'),
    emulator: domain.find('devices', 'emulator')?.text,
  }
  await session.run(`see whether the memory of ${held.name} can go on here`, call, (connection) =>
    connection.domainCapabilities(query, signalOf(call)),
  )
  return { path, xml }
}

/** Reads the memory back, with the disks as they are defined by now. */
async function goOn(
  session: Session,
  ref: MachineRef,
  held: HeldState,
  memory: Memory,
  consoles: readonly ArmedConsole[],
  call: Call,
): Promise<RestoreResult> {
  const { domain, config, mark, own } = await ownMachine(session, ref, call)
  await noteLogState(session, ref, config, call)
  await session.run(`bring the memory of ${ref.name} back`, call, async (connection) => {
    const xml = changeDomain(memory.xml, {
      mark,
      diskPaths: config.disks.map(({ path }) => path),
      ...(config.nvramPath === undefined ? {} : { nvramPath: config.nvramPath }),
    })
    // Not to be interrupted: libvirt would bring it back all the same, and nobody would know whose machine runs.
    await connection.restoreDomain(memory.path, { xml, paused: true })
  })
  await changeMark(session, domain, (now) => withOwn(now, () => ({ unreadMemory: undefined })), call)
  for (const console of consoles) await console.connect(session, domain, call)
  if (held.power === 'paused') return { state: 'paused', outputs: {} }
  await session.run(`resume ${ref.name}`, call, () => domain.resume(signalOf(call)))
  return { state: 'running', outputs: await addForwards(session, domain, own.forwards, call) }
}

/** Does the part that cannot be taken back; what it throws says where the machine stands. */
async function goBack<T>(
  session: Session,
  ref: MachineRef,
  held: HeldState,
  nvramPath: string,
  call: Call,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!isAzlVmError(error)) throw error
    const { name } = ref
    const again = `\`azl-vm snapshot restore ${name} ${held.name}\` again`
    const now = await whereItStands(session, ref, nvramPath, afterFailure(call))
    if (!now)
      throw standing(
        error,
        `"${name}" may be off by now, with its disks as they were or with those of the snapshot "${held.name}"`,
        `\`azl-vm status ${name}\` tells when libvirt answers; then ${again}.`,
      )
    const { power, isBack } = now
    const disks = isBack ? `the disks of the snapshot "${held.name}"` : 'its disks as they were'
    if (power === 'off')
      throw standing(
        error,
        `"${name}" is off, with ${disks}${isBack && held.memory !== undefined ? ' and without its memory' : ''}`,
        `${again}, or \`azl-vm start ${name}\`, which begins from its disks.`,
      )
    // Not even switched off: it goes on as if nothing had been asked for.
    if (!isBack) throw error
    throw standing(
      error,
      `"${name}" is ${power}, with the disks and the memory of the snapshot "${held.name}"`,
      `${again}, or \`azl-vm start ${name}\`, which goes on from there.`,
    )
  }
}

function standing(error: AzlVmError, what: string, hint: string): AzlVmError {
  const { code, message, cause, evidence } = error
  const hints = [error.hint, hint].filter((text) => text !== undefined)
  return new AzlVmError(code, `${message}; ${what}`, { cause, evidence, hint: hints.join('\n') })
}

/** Disks and firmware variables change in one step, and only the latter's path is there on every machine. */
async function whereItStands(
  session: Session,
  ref: MachineRef,
  nvramPath: string,
  call: Call,
): Promise<{ readonly power: PowerState; readonly isBack: boolean } | undefined> {
  try {
    // Looked up anew: the connection may be what broke.
    const domain = await session.domain(ref, call)
    const config = await session.config(domain, call)
    const state = await session.run(`read the state of ${domain.name}`, call, () => domain.state(signalOf(call)))
    return { power: powerState(state), isBack: config.nvramPath === nvramPath }
  } catch (error) {
    call.debug(`cannot look at ${ref.name}`, error)
    return undefined
  }
}
