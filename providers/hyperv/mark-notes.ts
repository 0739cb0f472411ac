/** The mark in a machine's Notes: one line of ours between the admin's own. */
import type { Mark } from '../../src/provider/mark.ts'
import { isText, parseMark } from '../../src/provider/parse-mark.ts'

/** For whoever opens the machine's settings; what follows is JSON. */
const sentence = 'Made by azl-vm, which finds it by this line; please leave it as it is. azl-vm:mark:1 '

/** The mark that a machine's Notes carry. They travel with exports and copies: see {@link isMarkOf}. */
export function markInNotes(notes: string): Mark | undefined {
  const line = notes.split(/\r?\n/).find((each) => each.startsWith(sentence))
  return line === undefined ? undefined : parseMark(line.slice(sentence.length), ({ vmId: id }) => isText(id))
}

/** Whether the mark was made for this machine: it names Hyper-V's own id, and what has another id is a copy. */
export function isMarkOf(mark: Mark, vmId: string): boolean {
  return String(mark.provider['vmId']).toLowerCase() === vmId.toLowerCase()
}

/** Notes with this mark in the place of an earlier one; the other lines stay as they are. */
export function notesWithMark(notes: string, mark: Mark, vmId: string): string {
  const ours = sentence + JSON.stringify({ ...mark, provider: { ...mark.provider, vmId } })
  // With the line ends between them, which are whatever the admin's tool writes.
  const pieces = notes.split(/(\r?\n)/)
  const at = pieces.findIndex((line) => line.startsWith(sentence))
  if (at >= 0) return pieces.with(at, ours).join('')
  return notes === '' ? ours : `${notes}\r\n${ours}`
}
