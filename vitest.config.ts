import { defineConfig } from 'vitest/config'

/** Workspaces resolve to their sources, as in tsconfig.json. */
const source = { resolve: { conditions: ['workspace-source'] }, ssr: { resolve: { conditions: ['workspace-source'] } } }

/** Booting an emulated machine takes seconds, on a busy machine many of them. */
const machineTimeoutMs = 300_000

export default defineConfig({
  ...source,
  test: {
    projects: [
      {
        ...source,
        // Starts no machine and no daemon; runs on every system.
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts', 'packages/*/test/unit/**/*.test.ts'],
          testTimeout: 30_000,
          // A process for each file took more time than the tests; no module here keeps state that they could share.
          isolate: false,
        },
      },
      {
        ...source,
        // Our parts against the real programs: libvirtd, the PowerShell engine.
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts', 'packages/*/test/integration/**/*.test.ts'],
          testTimeout: machineTimeoutMs,
          hookTimeout: machineTimeoutMs,
          maxWorkers: 2,
        },
      },
      {
        ...source,
        // One suite, every provider.
        test: {
          name: 'contract',
          include: ['test/contract/**/*.test.ts'],
          testTimeout: machineTimeoutMs,
          hookTimeout: machineTimeoutMs,
          maxWorkers: 2,
        },
      },
      {
        ...source,
        // dist/cli.js as a user runs it, with machines that really boot.
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: machineTimeoutMs,
          hookTimeout: machineTimeoutMs,
          maxWorkers: 2,
        },
      },
    ],
  },
})
