// What the start page knows: the model in use, the chosen source, and the three things that can be looked at.

import { Camera } from '../lib/camera.js';
import { byId } from './dom.js';
import { Pad } from './pad.js';

/** @typedef {'camera' | 'picture' | 'pad'} SourceName */

export const video = byId('video', HTMLVideoElement);
export const picture = byId('picture', HTMLCanvasElement);
export const camera = new Camera(video);
export const pad = new Pad(byId('pad', HTMLCanvasElement));

export const state = {
  /** @type {import('../pytrain.js').ImageClassifier | null} */
  classifier: null,
  /** @type {SourceName} */
  source: 'camera',
  frozen: false,
};
