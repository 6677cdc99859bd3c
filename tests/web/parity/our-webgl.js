// The parity page with our own convolutions in the webgl backend; counts how often they ran.

import './page.js';
import * as tf from '@tensorflow/tfjs-core';
import { useFastConvolutions } from '../../../web/lib/webgl-kernels.js';

/** How often each of the kernels was asked, and how often ours did it. @type {Record<string, {asked: number, ours: number}>} */
const counts = {};

useFastConvolutions((name, ours) => {
  counts[name] ??= { asked: 0, ours: 0 };
  counts[name].asked++;
  if (ours) counts[name].ours++;
});

Object.assign(window, { counts, tf });
