// The worker script for the backend wasm.

import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { env } from '@tensorflow/tfjs-core';
import { serveEngine } from '../lib/engine.js';

serveEngine('wasm', (base) => {
  // Threads would need cross-origin isolation, which breaks pages that embed anything; the plain build is served.
  env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  setWasmPaths(base);
});
