import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildFatImage, buildIso } from '../../../src/iso9660/index.ts'

export const date = new Date('2026-02-03T04:05:06Z')

const longName = `${'a long name '.repeat(15)}.txt`
const veryLongName = `${'ü'.repeat(120)}.conf` // 245 bytes of UTF-8: Rock Ridge in a continuation area

/** Names and sizes that the three name spaces treat differently. */
export const sampleFiles = [
  { path: 'README.TXT', data: Buffer.from('hello\n') },
  { path: 'empty', data: new Uint8Array(0) },
  { path: 'meta-data', data: Buffer.from('instance-id: 1\n') },
  { path: 'user-data', data: Buffer.from('#cloud-config\n') },
  { path: 'run.sh', data: Buffer.from('#!/bin/sh\n'), mode: 0o555 },
  { path: 'dir.with.dots/sub folder/exactly-one-sector', data: new Uint8Array(2048).fill(7) },
  { path: 'dir.with.dots/one more byte', data: new Uint8Array(2049).fill(8) },
  { path: `deep/1/2/3/4/5/6/${longName}`, data: Buffer.from('long') },
  { path: `deep/${veryLongName}`, data: Buffer.from('very long') },
  { path: 'deep/日本語.txt', data: Buffer.from('cjk') },
  ...Array.from({ length: 60 }, (_, index) => ({
    path: `many/file-${String(index)}.d`,
    data: Buffer.from(String(index)),
  })),
]

export const loader = makePe(0x8664)

/** The smallest thing that looks like a PE program for this machine. */
export function makePe(machine: number): Uint8Array {
  const bytes = Buffer.alloc(600)
  bytes.write('MZ')
  bytes.writeUInt32LE(0x80, 0x3c)
  bytes.write('PE\0\0', 0x80, 'latin1')
  bytes.writeUInt16LE(machine, 0x84)
  return bytes
}

export function makeFat(name = 'BOOTX64.EFI', data: Uint8Array = loader): Uint8Array {
  return buildFatImage({ files: [{ path: `EFI/BOOT/${name}`, data }], volumeLabel: 'ESP', date })
}

export function makeSample(): Uint8Array {
  return buildIso({ volumeLabel: 'cidata', files: sampleFiles, efiBoot: { image: makeFat() }, date })
}

export function missingTool(...tools: readonly string[]): string | undefined {
  return tools.find((tool) => {
    try {
      execFileSync('sh', ['-c', `command -v ${tool}`], { stdio: 'ignore' })
      return false
    } catch {
      return true
    }
  })
}

/** Runs the body with a folder that is gone afterwards. */
export async function withFolder<T>(body: (folder: string) => T | Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'azl-vm-iso-'))
  try {
    return await body(folder)
  } finally {
    execFileSync('chmod', ['-R', 'u+w', folder])
    rmSync(folder, { recursive: true })
  }
}

export function writeIn(folder: string, name: string, bytes: Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return path
}
