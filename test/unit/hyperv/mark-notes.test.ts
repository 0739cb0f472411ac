import { describe, expect, test } from 'vitest'
import { isMarkOf, markInNotes, notesWithMark } from '../../../providers/hyperv/mark-notes.ts'
import type { Mark } from '../../../src/provider/mark.ts'

const vmId = '0e9e7c44-1111-4222-8333-444455556666'
const mark: Mark = {
  ...{ v: 1, tool: 'azl-vm 0', owner: 'o', runId: 'r', machineId: 'm', name: 'azl4', phase: 'creating' },
  ...{
    creator: { pid: 4, startTime: '', bootId: 'b' },
    specDigest: 'd',
    created: '2026-01-01T00:00:00Z',
    provider: {},
  },
}

describe('the mark in Notes', () => {
  test('is read back with the id of its machine, in either case', () => {
    const notes = notesWithMark('', mark, vmId)
    expect(notes).not.toMatch(/[\r\n]/)
    const read = markInNotes(notes)
    expect(read).toEqual({ ...mark, provider: { vmId } })
    expect(isMarkOf(read!, vmId.toUpperCase())).toBe(true)
  })

  test('shows a copy, which has another id', () => {
    const read = markInNotes(notesWithMark('', mark, vmId))
    expect(isMarkOf(read!, vmId.replace('0e', '1e'))).toBe(false)
  })

  test('leaves the admin’s lines where they are, and is changed in its own place', () => {
    const first = `für Müller\r\n\r\n${notesWithMark('', mark, vmId)}\r\nlast\nline`
    const second = notesWithMark(first, { ...mark, phase: 'ready' }, vmId)
    expect(second.split('\r\n').map((line) => (line.startsWith('Made by azl-vm') ? 'mark' : line))).toEqual([
      ...['für Müller', '', 'mark', 'last\nline'],
    ])
    expect(markInNotes(second)?.phase).toBe('ready')
    expect(notesWithMark('only the admin', mark, vmId)).toMatch(/^only the admin\r\nMade by azl-vm/)
  })

  test('is one, also where a tool wrote the line ends otherwise', () => {
    const first = `für Müller\n${notesWithMark('', mark, vmId)}\nlast`
    const second = notesWithMark(first, { ...mark, phase: 'ready' }, vmId)
    expect(second).toBe(`für Müller\n${notesWithMark('', { ...mark, phase: 'ready' }, vmId)}\nlast`)
    expect(markInNotes(second)?.phase).toBe('ready')
  })

  test('that somebody broke is none', () => {
    const notes = notesWithMark('', mark, vmId)
    expect(markInNotes(notes.slice(0, -1))).toBeUndefined()
    expect(markInNotes(notes.replace('"v":1', '"v":2'))).toBeUndefined()
    expect(markInNotes('')).toBeUndefined()
  })
})
