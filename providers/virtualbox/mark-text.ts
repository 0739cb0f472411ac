/**
 * The mark of a machine. It is made in the description, which only a machine that is off takes; what changes later is the
 * same text as extra data, which a running one takes too, and which counts.
 */
import type { Mark } from '../../src/provider/mark.ts'
import { isIn, isListOf, isObject, isOptional, isText, parseMark, type Fields } from '../../src/provider/parse-mark.ts'
import type { NetworkMode } from '../../src/provider/network-modes.ts'
import type { MachineSettings } from './settings-file.ts'

/** For whoever opens the machine's settings; what follows is JSON. */
export const sentence = 'Made by azl-vm, which finds it by this line; please leave it as it is. azl-vm:mark:1 '

export const markKey = 'azl-vm/mark'

export interface ForwardRule {
  /** Of the card. */
  readonly network: number
  /** 0: a free one, chosen at each start. */
  readonly hostPort: number
  readonly guestPort: number
}

/** What is found again without the state folder. */
export interface VirtualBoxMark {
  /** Modes as the spec said them, by card. */
  readonly networkModes: readonly NetworkMode[]
  readonly forwards: readonly ForwardRule[]
  /** How many disks it is made with: one beside them in its folder is somebody's own. */
  readonly diskCount: number
  /** For a clone: UUIDs of the disks that it lies on. */
  readonly base: readonly string[]
}

export function virtualBoxMark({ provider }: Mark): VirtualBoxMark {
  const data = provider as Partial<VirtualBoxMark>
  return {
    networkModes: data.networkModes ?? [],
    forwards: data.forwards ?? [],
    diskCount: data.diskCount ?? 0,
    base: data.base ?? [],
  }
}

/** The mark that a machine carries, also that of another which it was copied from: see {@link isMarkOf}. */
export function markIn({ description, extraData }: MachineSettings): Mark | undefined {
  const made = description.split(/\r?\n/).find((line) => line.startsWith(sentence))
  const changed = extraData.get(markKey)
  const original = made === undefined ? undefined : parseMark(made.slice(sentence.length), isOwnData)
  return (changed === undefined ? undefined : parseMark(changed, isOwnData)) ?? original
}

/** Whether the mark was made for this machine: it names the machine's own UUID, and what has another one is a copy. */
export function isMarkOf(mark: Mark, uuid: string): boolean {
  return mark.machineId.toLowerCase() === uuid.toLowerCase()
}

export function descriptionWith(mark: Mark): string {
  return sentence + markText(mark)
}

export function markText(mark: Mark): string {
  return JSON.stringify(mark)
}

function isOwnData(data: Fields): boolean {
  return (
    isOptional(data['networkModes'], (value) => isListOf(value, isText)) &&
    isOptional(data['forwards'], (value) => isListOf(value, isForwardRule)) &&
    isOptional(data['diskCount'], (value) => isIn(value, 0, mostDisks)) &&
    isOptional(data['base'], (value) => isListOf(value, isText))
  )
}

const mostPort = 65_535
/** Of a SATA controller's ports. */
const mostDisks = 30

function isForwardRule(value: unknown): boolean {
  return (
    isObject(value) &&
    isIn(value['network'], 0) &&
    isIn(value['hostPort'], 0, mostPort) &&
    isIn(value['guestPort'], 1, mostPort)
  )
}
