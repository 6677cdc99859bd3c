// What the start page knows: the model in use, the chosen source, and the four things that can be looked at.

import { Camera } from '../../lib/camera.js';
import { byId } from '../dom.js';
import { Pad } from './pad.js';

/** @typedef {'camera' | 'picture' | 'clip' | 'pad'} SourceName */
/** @typedef {import('../../lib/results.js').Results} Results */

export const video = byId('video', HTMLVideoElement);
export const picture = byId('picture', HTMLCanvasElement);
export const clip = byId('clip', HTMLVideoElement);
export const camera = new Camera(video);
export const pad = new Pad(byId('pad', HTMLCanvasElement));

export const state = {
  /** @type {import('../../pytrain.js').ImageClassifier | null} */
  classifier: null,
  /** How people call the model. */
  model: '',
  /** @type {SourceName} */
  source: 'camera',
  frozen: false,
  /** What stands on the poster now, if it is an answer. @type {Results | null} */
  results: null,
};

/** The element that the chosen source shows, mirrored or not. */
export function shown() {
  return { camera: video, picture, clip, pad: pad.canvas }[state.source];
}
