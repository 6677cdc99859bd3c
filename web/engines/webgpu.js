// The worker script for graph.json on the backend webgpu.

import '@tensorflow/tfjs-backend-webgpu';
import { serveEngine } from '../lib/engine.js';
import { openGraph } from '../lib/graph.js';

serveEngine('webgpu', openGraph);
