import { describe, expect, test } from 'vitest'
import { eventProgress } from '../../../src/cli/event-progress.ts'
import { roughBytes } from '../../../src/format-bytes.ts'
import { renderTable } from '../../../src/cli/table.ts'
import { displayWidth, wrap } from '../../../src/cli/terminal.ts'
import { seconds, textProgress, type TextProgressOptions } from '../../../src/cli/text-progress.ts'
import { didYouMean } from '../../../src/did-you-mean.ts'
import { printable, shortened } from '../../../src/printable.ts'
import type { RunEventBody } from '../../../src/events/events.ts'

describe('a table', () => {
  const columns = [
    { title: 'NAME', value: (row: readonly string[]) => row[0] ?? '' },
    { title: 'SIZE', value: (row: readonly string[]) => row[1] ?? '', align: 'right' as const },
  ]

  test('aligns its columns and leaves no blanks at the end of a line', () => {
    expect(
      renderTable(columns, [
        ['a', '4 GiB'],
        ['longer', '16 GiB'],
      ]),
    ).toBe(['NAME      SIZE', 'a        4 GiB', 'longer  16 GiB'].join('\n'))
  })

  test('counts wide characters as two columns', () => {
    expect(
      renderTable(columns, [
        ['日本', '1'],
        ['abcd', '2'],
      ]),
    ).toBe(['NAME  SIZE', '日本     1', 'abcd     2'].join('\n'))
  })

  test('cuts what does not fit, the widest column first', () => {
    const lines = renderTable(columns, [['n'.repeat(100), '4 GiB']], 40).split('\n')
    expect(Math.max(...lines.map(displayWidth))).toBe(40)
    expect(lines[1]).toContain('n…')
    expect(lines[1]).toContain('4 GiB')
  })

  test("shows a value's control characters", () => {
    expect(renderTable(columns, [['a\u001b[31m\nb', '']])).toContain('a\\x1b[31m\\nb')
  })

  test('of nothing is nothing', () => {
    expect(renderTable(columns, [])).toBe('')
  })
})

describe('text of others', () => {
  test.each([
    ['control characters', 'a\u0000\u001b\u007f\u009b', 'a\\x00\\x1b\\x7f\\x9b'],
    ['line breaks and tabs', 'a\r\n\tb', 'a\\r\\n\\tb'],
    ['what turns the direction of writing', 'a\u202eb\u2066', 'a\\u202eb\\u2066'],
    ['invisible characters', 'a\u200bb\ufeff', 'a\\u200bb\\ufeff'],
    ['half a character', 'a\ud800b', 'a\\ud800b'],
    ['everything else as it is', 'é 日本 🐧 "quotes" $(x)', 'é 日本 🐧 "quotes" $(x)'],
  ])('%s', (_what, text, expected) => {
    expect(printable(text)).toBe(expected)
  })

  test('a long value is cut between characters', () => {
    expect(shortened('🐧'.repeat(100), 5)).toBe('🐧🐧🐧🐧… (200 characters)')
    expect(shortened('short')).toBe('short')
  })

  test('a paragraph is broken at blanks', () => {
    expect(wrap('one two three', 7)).toEqual(['one two', 'three'])
    expect(wrap('unbreakable word', 4)).toEqual(['unbreakable', 'word'])
  })
})

describe('did you mean', () => {
  test.each([
    ['swapped letters', 'meomry', 'memory'],
    ['a letter too few', 'memry', 'memory'],
    ['a letter too many', 'cpuss', 'cpus'],
    ['other case', 'MEMORY', 'memory'],
    ['something else', 'xyzzy', undefined],
    ['a short word: one letter, no more', 'cpx', undefined],
    ['nothing', '', undefined],
    ['a very long word', 'm'.repeat(100_000), undefined],
  ])('%s', (_what, word, expected) => {
    expect(didYouMean(word, ['cpus', 'memory', 'disks'])).toBe(expected)
  })
})

describe('sizes and times for people', () => {
  test('are rounded', () => {
    expect([0, 1023, 1536, 4 * 1024 ** 3, 150.4 * 1024 ** 2].map(roughBytes)).toEqual([
      '0 bytes',
      '1023 bytes',
      '1.5 KiB',
      '4 GiB',
      '150 MiB',
    ])
    expect([0, 440, 9_940, 9_960, 59_400, 185_000].map(seconds)).toEqual([
      '0.0 s',
      '0.4 s',
      '9.9 s',
      '10 s',
      '59 s',
      '3 min 05 s',
    ])
  })
})

describe('progress', () => {
  function recorder(mode: TextProgressOptions['mode']) {
    let text = ''
    let nowMs = 0
    let tick: (() => void) | undefined
    const progress = textProgress({
      write: (more) => (text += more),
      paint: (_style, plain) => plain,
      nowMs: () => nowMs,
      mode,
      isVerbose: false,
      width: () => 30,
      every: (_intervalMs, onTick) => {
        tick = onTick
        return () => (tick = undefined)
      },
    })
    const wait = (timeMs: number) => {
      nowMs += timeMs
      tick?.()
    }
    return { progress, wait, written: () => text, isTicking: () => tick !== undefined }
  }

  test('plain text: a long phase is announced once, and told at its end', () => {
    const { progress, wait, written } = recorder('plain')
    progress.startPhase('hashing')
    wait(2000)
    wait(2000)
    progress.finishPhase('done', 'hashed x.iso')
    expect(written()).toBe('hashing …\nhashed x.iso: done (4.0 s)\n')
  })

  test('plain text: a short phase is told at its end only', () => {
    const { progress, wait, written } = recorder('plain')
    progress.startPhase('defining')
    wait(300)
    progress.finishPhase('failed')
    expect(written()).toBe('defining: failed (0.3 s)\n')
  })

  test('a terminal: the live line counts, is no wider than the screen, and gives way to lines', () => {
    const { progress, wait, written } = recorder('live')
    progress.startPhase(`copying ${'x'.repeat(50)}`)
    wait(1000)
    progress.say('a note')
    const frames = written().split('\r\u001b[2K')
    expect(Math.max(...frames.map((frame) => frame.split('\n')[0]?.length ?? 0))).toBeLessThan(30)
    expect(written()).toContain('a note\n')
  })

  test('a terminal: how far a phase is stands in the next frame, however often it is said', () => {
    const { progress, wait, written } = recorder('live')
    progress.startPhase('hashing')
    for (let done = 0; done < 1000; done++) progress.updatePhase(`${done} of 1000`)
    expect(written()).not.toContain('of 1000')
    wait(1000)
    expect(written()).toContain('hashing … 999 of 1000, 1.0 s')
  })

  test('a phase that begins ends the one before; close stops the clock and clears the line', () => {
    const { progress, written, isTicking } = recorder('live')
    progress.startPhase('one')
    progress.startPhase('two')
    expect(written()).toContain('one: done (0.0 s)\n')
    progress.close()
    expect(isTicking()).toBe(false)
    expect(written().endsWith('\r\u001b[2K')).toBe(true)
  })

  test('what is said is shown, not obeyed', () => {
    const { progress, written } = recorder('plain')
    progress.say('guest\u001b[2J says')
    progress.warn('a\nb')
    expect(written()).toBe('guest\\x1b[2J says\nwarning: a\\nb\n')
  })

  test('events of a run are told', () => {
    const { progress, written } = recorder('plain')
    const listener = eventProgress(progress)
    const events: RunEventBody[] = [
      { type: 'step-started', id: 'hash', text: 'hashing' },
      { type: 'step-finished', id: 'hash', text: 'hashed', outcome: 'done', elapsedMs: 1, detail: '2 GiB' },
      { type: 'boot-stage', stage: 'kernel', line: 'Linux version 6' },
      { type: 'warning', code: 'x', message: 'careful', hint: 'do this' },
      { type: 'debug', message: 'not shown' },
    ]
    for (const event of events) listener({ ...event, v: 1, time: '', runId: '' })
    expect(written()).toBe('hashed (2 GiB): done (0.0 s)\n  reached: kernel\nwarning: careful (do this)\n')
  })
})
