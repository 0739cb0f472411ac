/** A variable of an environment; Windows knows their names without regard to case, which a copy of `process.env` does not. */
export function variableOf(env: NodeJS.ProcessEnv, name: string): string | undefined {
  return env[name] ?? Object.entries(env).find(([each]) => each.toUpperCase() === name.toUpperCase())?.[1]
}
