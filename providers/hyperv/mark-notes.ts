/** The mark in a machine's Notes: one line of ours between the admin's own. */
import type { Mark } from '../../src/provider/mark.ts'
import { isText, parseMark } from '../../src/provider/parse-mark.ts'

/** For whoever opens the machine's settings; what follows is JSON. */
const sentence = 'Made by azl-vm, which finds it by this line; please leave it as it is. azl-vm:mark:1 '

/**
 * The mark of a machine of ours. It names Hyper-V's own id of the machine: Notes travel with exports and copies, and
 * what has another id is not ours.
 */
export function markInNotes(notes: string, vmId: string): Mark | undefined {
  const line = notes.split(/\r?\n/).find((each) => each.startsWith(sentence))
  const mark = line === undefined ? undefined : parseMark(line.slice(sentence.length), ({ vmId: id }) => isText(id))
  return String(mark?.provider['vmId']).toLowerCase() === vmId.toLowerCase() ? mark : undefined
}

/** Notes with this mark in the place of an earlier one; the other lines stay as they are. */
export function notesWithMark(notes: string, mark: Mark, vmId: string): string {
  const others = notes === '' ? [] : notes.split('\r\n')
  const ours = sentence + JSON.stringify({ ...mark, provider: { ...mark.provider, vmId } })
  const at = others.findIndex((line) => line.startsWith(sentence))
  return (at < 0 ? [...others, ours] : others.with(at, ours)).join('\r\n')
}
