// The worker script for the backend webgpu.

import '@tensorflow/tfjs-backend-webgpu';
import { serveEngine } from '../lib/engine.js';

serveEngine('webgpu');
