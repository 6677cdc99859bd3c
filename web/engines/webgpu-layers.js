// The worker script for model.json on the backend webgpu.

import '@tensorflow/tfjs-backend-webgpu';
import { serveEngine } from '../lib/engine.js';
import { openLayers } from '../lib/layers.js';

serveEngine('webgpu', openLayers);
