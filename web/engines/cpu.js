// The worker script for the backend cpu.

import '@tensorflow/tfjs-backend-cpu';
import { serveEngine } from '../lib/engine.js';

serveEngine('cpu');
