// The worker script in which the page Teach fits a model to pictures.

import '@tensorflow/tfjs-backend-wasm';
import { serveTraining } from '../lib/studio/fit/serve.js';

serveTraining();
