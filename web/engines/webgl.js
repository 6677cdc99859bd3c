// The worker script for graph.json on the backend webgl.

import '@tensorflow/tfjs-backend-webgl';
import { serveEngine } from '../lib/engine.js';
import { openGraph } from '../lib/graph.js';
import { useFastConvolutions } from '../lib/webgl-kernels.js';

useFastConvolutions();
serveEngine('webgl', openGraph);
