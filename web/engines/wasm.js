// The worker script for graph.json on the backend wasm.

import { serveEngine } from '../lib/engine.js';
import { openGraph } from '../lib/graph.js';
import { prepareWasm } from '../lib/wasm.js';

serveEngine('wasm', openGraph, prepareWasm);
