// The camera in the middle of the page: start, stop, mirror; and whoever wants to know is told when it runs.

import { Camera } from '../../lib/camera.js';
import { PytrainError } from '../../lib/errors.js';
import { chosenCamera, showCameras, startCameraTools } from '../camera-tools.js';
import { byId } from '../dom.js';
import { clearMessage, showMessage } from '../message.js';

export const video = byId('video', HTMLVideoElement);
export const camera = new Camera(video);

/** The same picture small, beside the record buttons of a phone. */
const small = byId('small-video', HTMLVideoElement);
const start = byId('start', HTMLButtonElement);

/** Called when the camera began or ended to show something. @type {Set<() => void>} */
const listeners = new Set();

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
export function startCamera(id = chosenCamera()) {
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
  const cameras = await showCameras(camera);
  byId('camera-hint').textContent = cameras.length
    ? 'What the camera sees stays on this device.'
    : 'No camera here? Pictures do as well: drop them onto a class.';
}

/** @param {boolean} mirrored */
function setMirrored(mirrored) {
  byId('mirror').setAttribute('aria-pressed', String(mirrored));
  for (const one of [video, small]) one.classList.toggle('mirrored', mirrored);
}

startCameraTools(camera, {
  gone: 'The camera is gone. What was recorded is kept.',
  forHere: forTeaching,
  start: startCamera,
  changed: show,
  listed: showList,
  turned: () => setMirrored(!camera.looksAway),
});
setMirrored(true);
start.addEventListener('click', () => startCamera());
byId('stop').addEventListener('click', stopCamera);
byId('mirror').addEventListener('click', () => setMirrored(!video.classList.contains('mirrored')));
showList();
