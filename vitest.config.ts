import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/workbench/browser-setup.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Two cores: ONNX Runtime already uses both, so more test processes would only wait for each other.
    maxWorkers: 2,
  },
});
