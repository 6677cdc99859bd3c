// The worker script for model.json on the backend wasm.

import { serveEngine } from '../lib/engine.js';
import { openLayers } from '../lib/layers.js';
import { prepareWasm } from '../lib/wasm.js';

serveEngine('wasm', openLayers, prepareWasm);
