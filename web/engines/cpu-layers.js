// The worker script for model.json on the backend cpu.

import '@tensorflow/tfjs-backend-cpu';
import { serveEngine } from '../lib/engine.js';
import { openLayers } from '../lib/layers.js';

serveEngine('cpu', openLayers);
