// What the wasm backend must be told before it starts.

import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { env } from '@tensorflow/tfjs-core';

/** @param {string} base folder of the .wasm files, with its separator at the end */
export function prepareWasm(base) {
  // Threads would need cross-origin isolation, which breaks pages that embed anything; the plain build is served.
  env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  setWasmPaths(base);
}
