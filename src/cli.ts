#!/usr/bin/env node
/**
 * Where Node begins. The floor comes first: main.ts, and all that it imports, is loaded only on a Node that can
 * read it. Signals, a closed pipe and errors that nobody caught are turned into what main understands.
 */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
// The same range as "engines" in package.json; a unit test compares the two.
const isNodeNewEnough = (major === 20 && minor >= 19) || (major === 22 && minor >= 13) || major >= 24

if (isNodeNewEnough) {
  void import('./run-process.ts').then(({ runProcess }) => runProcess(process))
} else {
  process.stderr.write(
    `error: azl-vm needs Node.js 20.19, 22.13 or 24 and newer; this is ${process.version} (${process.execPath})\n`,
  )
  process.exitCode = 3
}
