import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Debian 12's: another version makes other bytes. */
function missingTool(): string | undefined {
  for (const tool of ['clang-14', 'lld-link-14']) {
    try {
      execFileSync(tool, ['--version'], { stdio: 'ignore' })
    } catch {
      return tool
    }
  }
  return undefined
}

describe('the committed binaries', () => {
  it('are what sha256sums says, and small', () => {
    for (const line of readFileSync(join(root, 'bin/sha256sums'), 'utf8').trimEnd().split('\n')) {
      const [digest, file] = line.split('  ')
      const bytes = readFileSync(join(root, 'bin', file ?? ''))
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(digest)
      expect(bytes.length).toBeLessThan(20 * 1024)
    }
  })

  const missing = missingTool()
  it.skipIf(missing !== undefined)(
    `equal a rebuild from another folder${missing === undefined ? '' : ` (skipped: no ${missing})`}`,
    () => {
      const elsewhere = mkdtempSync(join(tmpdir(), 'boot-probe-test-'))
      try {
        cpSync(join(root, 'efi'), join(elsewhere, 'a b/efi'), { recursive: true })
        cpSync(join(root, 'build.mjs'), join(elsewhere, 'a b/build.mjs'))
        execFileSync(process.execPath, [join(elsewhere, 'a b/build.mjs')], { stdio: ['ignore', 'ignore', 'inherit'] })
        expect(readFileSync(join(elsewhere, 'a b/bin/sha256sums'), 'utf8')).toBe(
          readFileSync(join(root, 'bin/sha256sums'), 'utf8'),
        )
        for (const file of ['BOOTX64.EFI', 'BOOTAA64.EFI'])
          expect(readFileSync(join(elsewhere, 'a b/bin', file)).equals(readFileSync(join(root, 'bin', file)))).toBe(
            true,
          )
      } finally {
        rmSync(elsewhere, { recursive: true })
      }
    },
    60_000,
  )
})
