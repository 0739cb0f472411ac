import { readJsonFile, writeFileAtomic } from './atomic-file.ts'
import type { HostFacts } from '../provider/contract.ts'

/** A provider's memory of one host, as one JSON file. A damaged or unwritable one is only a forgotten one. */
export function hostFactsFile(file: string): HostFacts {
  const read = async (): Promise<Record<string, unknown>> => {
    const value = await readJsonFile(file).catch(() => undefined)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  }
  return {
    get: async (key) => (await read())[key],
    set: async (key, value) => {
      await writeFileAtomic(file, `${JSON.stringify({ ...(await read()), [key]: value }, null, 2)}\n`).catch(
        () => undefined,
      )
    },
  }
}
