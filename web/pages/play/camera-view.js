// The camera's buttons: start, stop, freeze, mirror; what it shows is looked at.

import { chosenCamera, showCameras, startCameraTools } from '../camera-tools.js';
import { byId } from '../dom.js';
import { clearMessage, showMessage } from '../message.js';
import { look } from './look.js';
import { camera, state, video } from './state.js';

/** @param {string} [id] */
export async function startCamera(id = chosenCamera()) {
  clearMessage('camera');
  setFrozen(false);
  byId('start', HTMLButtonElement).disabled = true;
  byId('start').textContent = 'Starting …';
  try {
    if (await camera.start(id || undefined)) setMirrored(!camera.looksAway);
  } catch (error) {
    showMessage('camera', error, { label: 'Start it again', run: () => startCamera('') });
  }
  byId('start', HTMLButtonElement).disabled = false;
  byId('start').textContent = 'Start camera';
  await showCamera();
}

export function stopCamera() {
  camera.stop();
  setFrozen(false);
  showCamera();
}

async function showCamera() {
  const on = camera.running;
  byId('camera-start').hidden = on;
  byId('freeze', HTMLButtonElement).disabled = !on;
  byId('stop', HTMLButtonElement).disabled = !on;
  await showCameras(camera);
  if (state.source === 'camera') await look();
}

/** @param {boolean} frozen */
function setFrozen(frozen) {
  state.frozen = frozen;
  byId('freeze').setAttribute('aria-pressed', String(frozen));
  byId('frozen').hidden = !frozen;
}

export async function toggleFreeze() {
  if (!camera.running) return;
  setFrozen(!state.frozen);
  if (state.frozen) video.pause();
  else await video.play();
  await look();
}

/** @param {boolean} mirrored */
function setMirrored(mirrored) {
  byId('mirror').setAttribute('aria-pressed', String(mirrored));
  video.classList.toggle('mirrored', mirrored);
}

/** Only for the eyes: the model always sees the picture as it is. */
export function toggleMirror() {
  setMirrored(!video.classList.contains('mirrored'));
}

startCameraTools(camera, {
  start: startCamera,
  changed: () => {
    if (!camera.running) {
      state.classifier?.classifyStop(); // or its next frame, which there is none of, would be told as an error too
      setFrozen(false);
    }
    return showCamera();
  },
  listed: () => showCameras(camera),
  turned: () => {
    setMirrored(!camera.looksAway);
    setFrozen(false);
  },
});
setMirrored(true);
