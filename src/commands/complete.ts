import { candidates } from '../cli/completion/candidates.ts'
import { defineCommand } from '../cli/command.ts'
import { commandEntries } from './index.ts'

/** What the scripts of `azl-vm completion` call at each press of the key. */
export const command = defineCommand({
  positionals: [{ name: 'before', variadic: true, description: 'The whole words before the one that is typed.' }],
  options: { current: { type: 'string', default: '', description: 'The word that is typed.' } },
  examples: [],
  async handler(args, ctx) {
    // Names come from what is remembered here; no hypervisor is asked.
    const machineNames = async () => {
      const { machines } = await ctx.app.environment()
      return [...new Set((await machines.list()).map(({ record }) => record.ref.name))].toSorted()
    }
    const found = await candidates(commandEntries, args.before, args.current, machineNames)
    const lines = found.words.map(({ word, description }) => `${word}\t${description}`)
    return { data: found, text: () => [...lines, ...(found.files ? [':files'] : [])].join('\n') }
  },
})
