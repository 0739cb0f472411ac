import { readFileSync } from 'node:fs'
import { packageRoot } from './assets.ts'

/** Put in by scripts/build.mjs; absent where the sources run as they are. */
declare const AZL_VM_VERSION: string | undefined

/** The version in package.json. */
export function version(): string {
  if (typeof AZL_VM_VERSION === 'string') return AZL_VM_VERSION
  const manifest = JSON.parse(readFileSync(`${packageRoot()}/package.json`, 'utf8')) as { version: string }
  return manifest.version
}
