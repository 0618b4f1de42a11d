import { defineConfig } from 'vitest/config'
import { WxtVitest } from 'wxt/testing/vitest-plugin'

export default defineConfig({
  plugins: [WxtVitest()],
  test: {
    include: ['tests/**/*.test.ts', 'tests/**/*.test.tsx'],
    environment: 'node', // a test of a page says `// @vitest-environment happy-dom` (or jsdom) in its first line
    mockReset: true,
    restoreMocks: true,
    maxWorkers: 2,
    testTimeout: 30_000, // a machine may be busy
    server: { deps: { inline: ['@mozilla/readability'] } }, // as it is built: see without_html.ts
  },
})
