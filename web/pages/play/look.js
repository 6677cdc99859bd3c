// Looks at the chosen source with the model in use, and hands the answer to all that show it or send it on.

import { byId } from '../dom.js';
import { clearMessage, showMessage } from '../message.js';
import { showResults, showState } from './answer.js';
import { calm, startCalm } from './calm.js';
import { drawHeat, hideHeat } from './heat-map.js';
import { pause, remember } from './history.js';
import { drawMask, hideMask } from './mask-view.js';
import { send } from './send.js';
import { camera, clip, pad, picture, state, video } from './state.js';

const WAITING = /** @type {Record<import('./state.js').SourceName, [string, string]>} */ ({
  camera: ['Ready', 'Start the camera and hold something up.'],
  picture: ['Ready', 'Choose a picture, drop one or paste one.'],
  clip: ['Ready', 'Choose a video, or drop one.'],
  pad: ['Ready', 'Draw one of them, large.'],
});

const snapshot = byId('snapshot', HTMLButtonElement);

/** Classifies whatever the chosen source shows now, and goes on if it moves. */
export async function look() {
  const { classifier, source } = state;
  if (!classifier) return;
  classifier.classifyStop();
  startCalm();
  pause();
  if (source === 'camera' && camera.running && !state.frozen) follow(video);
  else if (source === 'camera' && camera.running) await once(video);
  else if (source === 'clip' && clip.src && !clip.paused) follow(clip);
  else if (source === 'clip' && clip.src) await once(clip);
  else if (source === 'picture' && !picture.hidden) await once(picture);
  else if (source === 'pad' && !pad.empty) await once(/** @type {HTMLCanvasElement} */ (pad.seen));
  else showWaiting();
}

function showWaiting() {
  state.results = null;
  snapshot.disabled = true;
  hideHeat();
  hideMask();
  showState('idle', ...WAITING[state.source]);
}

/** @param {HTMLVideoElement} moving */
function follow(moving) {
  const { classifier } = state;
  classifier?.classifyStart(moving, (results) => {
    const calmer = calm(results, classifier);
    show(calmer);
    remember(calmer);
  });
}

/** @param {import('../../lib/results.js').Results} results */
function show(results) {
  state.results = results;
  snapshot.disabled = false;
  showResults(results);
  drawHeat(results.heatMap);
  drawMask(results.mask);
  send(results, state.model);
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
    if (results && classifier === state.classifier && source === state.source) show(results);
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
