// The browser's part, built to dist/console and served by the administration under /console/.
import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  base: '/console/',
  oxc: { jsx: { runtime: 'automatic' } },
  build: {
    target: 'es2022',
    outDir: '../../dist/console',
    emptyOutDir: true,
    // Source maps would double what is shipped.
    sourcemap: false,
    chunkSizeWarningLimit: 900,
  },
  // `npx vite apps/console` beside a running administration: edits show at once.
  server: { proxy: { '^/(?!console/)': 'http://127.0.0.1:8080' } },
});
