// The camera's buttons: start, stop, choose, freeze, mirror; and what to say when it goes away.

import { listCameras } from '../../lib/camera.js';
import { PytrainError } from '../../lib/errors.js';
import { byId, make } from '../dom.js';
import { clearMessage, showMessage } from '../message.js';
import { look } from './look.js';
import { camera, state, video } from './state.js';
import { showStatus } from './status.js';

const select = byId('cameras', HTMLSelectElement);

/** The camera that the person chose; until then a phone takes the one at its back. */
let chosen = '';

/** @param {string} [id] */
export async function startCamera(id = chosen) {
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
  await showCameraList();
  if (state.source === 'camera') await look();
}

async function showCameraList() {
  const cameras = await listCameras();
  const shown = camera.id || select.value;
  select.replaceChildren(...cameras.map(({ id, name }) => make('option', { value: id }, name)));
  if (!cameras.length) select.append(make('option', { value: '' }, 'No camera'));
  select.disabled = cameras.length === 0;
  if (cameras.some(({ id }) => id === shown)) select.value = shown;
  const facing = new Set(cameras.map((one) => one.facing));
  byId('turn').hidden = !(facing.has('user') && facing.has('environment'));
}

/** From the front of a phone to its back, and the other way. */
async function turn() {
  try {
    if (await camera.turn()) setMirrored(!camera.looksAway);
    chosen = camera.id;
  } catch (error) {
    showMessage('camera', error);
  }
  await showCamera();
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

camera.onGone = () => {
  state.classifier?.classifyStop(); // or its next frame, which there is none of, would be told as an error too
  setFrozen(false);
  showMessage(
    'camera',
    new PytrainError('The camera is gone.', null, 'Plug it in again, or choose another camera and start it.'),
    { label: 'Start another', run: () => startCamera('') },
  );
  showCamera();
};
camera.onBack = () => {
  clearMessage('camera');
  showStatus('The camera is back.');
  showCamera();
};
camera.onStill = () => showStatus('The camera gives no pictures for now; another program may be using it.');
camera.onMoving = () => showStatus('The camera gives pictures again.');
camera.onList = showCameraList;
setMirrored(true);
byId('turn').addEventListener('click', turn);
select.addEventListener('change', () => {
  chosen = select.value;
  startCamera();
});
