// The worker script for the backend webgl.

import '@tensorflow/tfjs-backend-webgl';
import { serveEngine } from '../lib/engine.js';

serveEngine('webgl');
