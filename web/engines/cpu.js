// The worker script for graph.json on the backend cpu.

import '@tensorflow/tfjs-backend-cpu';
import { serveEngine } from '../lib/engine.js';
import { openGraph } from '../lib/graph.js';

serveEngine('cpu', openGraph);
