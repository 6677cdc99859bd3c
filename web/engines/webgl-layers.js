// The worker script for model.json on the backend webgl.

import '@tensorflow/tfjs-backend-webgl';
import { serveEngine } from '../lib/engine.js';
import { openLayers } from '../lib/layers.js';
import { useFastConvolutions } from '../lib/webgl-kernels.js';

useFastConvolutions();
serveEngine('webgl', openLayers);
