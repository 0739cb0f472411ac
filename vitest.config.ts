import { defineConfig } from 'vitest/config'
const source = { resolve: { conditions: ['source'] }, ssr: { resolve: { conditions: ['source'] } } }
export default defineConfig({
  ...source,
  test: {
    projects: [
      { ...source, test: { name: 'unit', include: ['test/unit/**/*.test.ts', 'packages/*/test/unit/**/*.test.ts'] } },
    ],
  },
})
