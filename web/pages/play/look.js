// Looks at the chosen source with the model in use, and shows the answer.

import { showResults, showState } from './answer.js';
import { clearMessage, showMessage } from './message.js';
import { camera, pad, picture, state, video } from './state.js';

const WAITING = /** @type {Record<import('./state.js').SourceName, [string, string]>} */ ({
  camera: ['Ready', 'Start the camera and hold something up.'],
  picture: ['Ready', 'Choose a picture, drop one or paste one.'],
  pad: ['Ready', 'Draw one of them, large.'],
});

/** Classifies whatever the chosen source shows now, and goes on if it moves. */
export async function look() {
  const { classifier, source } = state;
  if (!classifier) return;
  classifier.classifyStop();
  if (source === 'camera' && camera.running && !state.frozen) {
    classifier.classifyStart(video, showResults);
  } else if (source === 'camera' && camera.running) {
    await once(video);
  } else if (source === 'picture' && !picture.hidden) {
    await once(picture);
  } else if (source === 'pad' && !pad.empty) {
    await once(pad.canvas);
  } else {
    showState('idle', ...WAITING[source]);
  }
}

let busy = false;
let again = false;

/**
 * One answer; what changed meanwhile is looked at right after, and what changed in between never.
 * @param {HTMLVideoElement | HTMLCanvasElement} what
 */
async function once(what) {
  if (busy) {
    again = true;
    return;
  }
  busy = true;
  const { classifier, source } = state;
  try {
    const results = await classifier?.classify(what);
    if (results && classifier === state.classifier && source === state.source) showResults(results);
    clearMessage('picture');
  } catch (error) {
    if (classifier === state.classifier) showMessage('picture', error);
  } finally {
    busy = false;
    if (again) {
      again = false;
      look();
    }
  }
}
