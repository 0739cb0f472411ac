import { expect, test } from 'vitest'
import { encodingOfCodePage, environmentFor } from '../../../providers/virtualbox/letters.ts'

test('VBoxManage gets a locale with all letters where its user has none, and the user’s where that has them', () => {
  const localeOf = (env: NodeJS.ProcessEnv): string | undefined => environmentFor({ env, platform: 'linux' })['LC_ALL']
  expect(localeOf({})).toBe('C.UTF-8')
  expect(localeOf({ LANG: 'C' })).toBe('C.UTF-8')
  expect(localeOf({ LC_ALL: 'POSIX', LANG: 'de_DE.UTF-8' })).toBe('C.UTF-8')
  expect(localeOf({ LC_ALL: '', LANG: 'de_DE.utf8' })).toBe('')
  expect(environmentFor({ env: {}, platform: 'win32' })).toEqual({})
})

test('each code page of Windows is one that Node reads', () => {
  for (const number of ['1250', '1252', '1258', '874', '932', '936', '949', '950', '65001', ''])
    expect(new TextDecoder(encodingOfCodePage(number)).encoding).not.toBe('')
  expect(encodingOfCodePage('1252')).toBe('windows-1252')
  expect(encodingOfCodePage('65001')).toBe('utf-8')
})
