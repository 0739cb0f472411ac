/** What every command but `--help` needs before it runs: one file, so that it is loaded in one piece. */
export { commandContext } from './context.ts'
export { parseArgs } from './parse-args.ts'
