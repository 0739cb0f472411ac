import { expect, test } from 'vitest'
import { SilentFirmwareWatch } from '../../../src/provider/silent-boot-watch.ts'

function outcomeOf(text: string): unknown {
  const watch = new SilentFirmwareWatch()
  return [...text].map((character) => watch.feed(character)).find((outcome) => outcome !== undefined)
}

test('the first line of a guest is a boot; the probe says that it came from the installer', () => {
  expect(outcomeOf('\r\n\u001b[2J{"azl":"probe","v":1,"seq":0}\r\n')).toMatchObject({
    is: 'left-for',
    target: 'installer',
    evidence: ['{"azl":"probe","v":1,"seq":0}'],
  })
  expect(outcomeOf('\u001b[HWelcome to GRUB!\r\n')).toMatchObject({
    is: 'left-for',
    target: 'other',
    evidence: ['Welcome to GRUB!'],
  })
})

test('empty lines and half a line say nothing; one that never ends has spoken', () => {
  expect(outcomeOf('\r\n\u001b[2J\r\n  \r\nWelc')).toBeUndefined()
  expect(outcomeOf('.'.repeat(400))).toMatchObject({ is: 'left-for', target: 'other' })
})
