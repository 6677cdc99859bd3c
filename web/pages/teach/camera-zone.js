// The camera in the middle of the page: start, stop, choose, mirror; and what to say when it goes away.

import { Camera, listCameras } from '../../lib/camera.js';
import { PytrainError } from '../../lib/errors.js';
import { byId, make } from '../dom.js';
import { clearMessage, showMessage } from '../message.js';

export const video = byId('video', HTMLVideoElement);
export const camera = new Camera(video);

/** The same picture small, beside the record buttons of a phone. */
const small = byId('small-video', HTMLVideoElement);
const select = byId('cameras', HTMLSelectElement);
const start = byId('start', HTMLButtonElement);

/** Called when the camera began or ended to show something. @type {Set<() => void>} */
const listeners = new Set();

/** The camera that the person chose; until then a phone takes the one at its back. */
let chosen = '';
/** @type {Promise<boolean> | null} */
let starting = null;

/** @param {() => void} listener */
export function onCamera(listener) {
  listeners.add(listener);
}

/**
 * @param {string} [id]
 * @returns {Promise<boolean>} whether it runs
 */
export function startCamera(id = chosen) {
  starting ??= run(id).finally(() => {
    starting = null;
  });
  return starting;
}

/** @param {string} id */
async function run(id) {
  clearMessage('camera');
  start.disabled = true;
  start.textContent = 'Starting …';
  try {
    if (await camera.start(id || undefined)) setMirrored(!camera.looksAway);
  } catch (error) {
    showMessage('camera', forTeaching(error), { label: 'Start it again', run: () => startCamera('') });
  }
  start.disabled = false;
  start.textContent = 'Start camera';
  await show();
  return camera.running;
}

/**
 * The start page offers a picture or a drawing instead; here pictures belong to a class.
 * @param {any} error
 */
function forTeaching({ what, expected, fix }) {
  const instead = String(fix).replace(/use a picture( or draw)?\.$/, 'drop pictures onto a class.');
  return new PytrainError(what, expected, instead);
}

export function stopCamera() {
  camera.stop();
  show();
}

export function toggleCamera() {
  if (camera.running) stopCamera();
  else startCamera();
}

async function show() {
  const on = camera.running;
  byId('camera-start').hidden = on;
  byId('stop', HTMLButtonElement).disabled = !on;
  small.srcObject = video.srcObject;
  if (on) small.play().catch(() => {}); // it is only a picture of the other
  for (const listener of listeners) listener();
  await showList();
}

async function showList() {
  const cameras = await listCameras();
  const shown = camera.id || select.value;
  select.replaceChildren(...cameras.map(({ id, name }) => make('option', { value: id }, name)));
  if (!cameras.length) select.append(make('option', { value: '' }, 'No camera'));
  select.disabled = cameras.length === 0;
  if (cameras.some(({ id }) => id === shown)) select.value = shown;
  byId('camera-hint').textContent = cameras.length
    ? 'What the camera sees stays on this device.'
    : 'No camera here? Pictures do as well: drop them onto a class.';
}

/** @param {boolean} mirrored */
function setMirrored(mirrored) {
  byId('mirror').setAttribute('aria-pressed', String(mirrored));
  for (const one of [video, small]) one.classList.toggle('mirrored', mirrored);
}

camera.onGone = () => {
  showMessage(
    'camera',
    new PytrainError(
      'The camera is gone. What was recorded is kept.',
      null,
      'Plug it in again, or choose another camera and start it.',
    ),
    { label: 'Start another', run: () => startCamera('') },
  );
  show();
};
camera.onBack = () => {
  clearMessage('camera');
  show();
};
camera.onList = showList;
setMirrored(true);
start.addEventListener('click', () => startCamera());
byId('stop').addEventListener('click', stopCamera);
byId('mirror').addEventListener('click', () => setMirrored(!video.classList.contains('mirrored')));
select.addEventListener('change', () => {
  chosen = select.value;
  startCamera();
});
showList();
