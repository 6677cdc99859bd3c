// Bundles a page with TensorFlow.js as npm gives it. Run: node tests/web/parity/build.mjs FOLDER [SCRIPT]

import { copyFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const wasm = join(here, '../../../node_modules/@tensorflow/tfjs-backend-wasm/dist');
const [folder, script = join(here, 'page.js')] = process.argv.slice(2);

await build({
  entryPoints: [script],
  outfile: join(folder, 'page.js'),
  bundle: true,
  // TensorFlow.js's browser builds look for Node's modules in branches that no page takes.
  external: ['fs', 'path', 'worker_threads', 'perf_hooks', 'os', 'crypto', 'util'],
  logLevel: 'error',
});
for (const file of [
  'tfjs-backend-wasm.wasm',
  'tfjs-backend-wasm-simd.wasm',
  'tfjs-backend-wasm-threaded-simd.wasm',
]) {
  await copyFile(join(wasm, file), join(folder, file));
}
await writeFile(join(folder, 'index.html'), '<!doctype html><script src="page.js"></script>');
