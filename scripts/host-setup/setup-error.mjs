// @ts-check
/** The host is not ready and we cannot, or may not, make it so: the text says what to do. Exit code 3. */
export class SetupError extends Error {
  exitCode = 3
}

/**
 * Runs a script's main and turns its outcome into the process's exit code. Set-up faults are for people and are
 * printed without a stack.
 * @param {() => Promise<number>} main
 */
export async function runMain(main) {
  try {
    process.exitCode = await main()
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    console.error(`\n${error.message}`)
    process.exitCode = error.exitCode
  }
}
