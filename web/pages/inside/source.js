// What goes in: the camera, a picture or a drawing, and whether it has changed since it was last looked at.

import { Camera } from '../../lib/camera.js';
import { chosenCamera, showCameras, startCameraTools } from '../camera-tools.js';
import { byId } from '../dom.js';
import { clearMessage, showMessage } from '../message.js';
import { Pad } from '../play/pad.js';
import { drawFile } from '../play/picture.js';
import { startTabs } from './tabs.js';

/** @typedef {'camera' | 'picture' | 'pad'} SourceName */

const video = byId('video', HTMLVideoElement);
const picture = byId('picture', HTMLCanvasElement);
const pad = new Pad(byId('pad', HTMLCanvasElement));
const camera = new Camera(video);

/** @type {SourceName} */
let source = 'camera';
let frozen = false;

/** Counts what has happened to still pictures, so that each is looked at once. */
let changes = 0;

/** Something is to be looked at again: another picture, or another question about it. */
export function changed() {
  changes++;
}

/**
 * What is there to be looked at now: as the network gets it, and as it was drawn.
 * @returns {{element: HTMLVideoElement | HTMLCanvasElement, drawn: HTMLVideoElement | HTMLCanvasElement, moving: boolean, changes: number} | null}
 */
export function current() {
  const moving = source === 'camera' && camera.running && !frozen;
  const elements = {
    camera: camera.running && video,
    picture: picture.width > 1 && picture,
    pad: pad.seen,
  };
  const element = elements[source];
  return element && !(source === 'pad' && pad.empty)
    ? { element, drawn: source === 'pad' ? pad.canvas : element, moving, changes }
    : null;
}

/** Moves on with every frame of the camera; still pictures have none. */
export function videoTime() {
  return video.currentTime;
}

/** Which square of the stage the network gets, in parts of it; null for all of it. */
export function seenWindow() {
  return source === 'pad' ? pad.window : null;
}

/** The pad draws as the network's own pictures were drawn. @param {'mnist' | undefined} drawing */
export function drawAs(drawing) {
  if (!pad.prepareAs(drawing)) return;
  byId('line', HTMLInputElement).value = String(pad.width);
  show();
}

/** @param {SourceName} name */
function choose(name) {
  if (name !== 'camera' && camera.running) stop();
  source = name;
  byId('panel-source').setAttribute('aria-labelledby', `tab-${name}`);
  show();
}

/** Shows what belongs to the chosen source, and nothing else. */
function show() {
  for (const name of ['camera', 'picture', 'pad']) byId(`tools-${name}`).hidden = name !== source;
  video.hidden = source !== 'camera';
  picture.hidden = source !== 'picture' || picture.width < 2;
  pad.canvas.hidden = source !== 'pad';
  pad.showSeen(byId('pad-seen', HTMLCanvasElement));
  if (source !== 'pad') byId('pad-seen').hidden = true;
  byId('stage').classList.toggle('paper', source === 'pad' && pad.seen === pad.canvas);
  byId('invite-camera').hidden = source !== 'camera' || camera.running;
  byId('invite-picture').hidden = source !== 'picture' || !picture.hidden;
  byId('invite-pad').hidden = source !== 'pad' || !pad.empty;
  byId('freeze', HTMLButtonElement).disabled = !camera.running;
  byId('stop', HTMLButtonElement).disabled = !camera.running;
  byId('freeze').setAttribute('aria-pressed', String(frozen));
  byId('undo', HTMLButtonElement).disabled = pad.empty;
  byId('clear', HTMLButtonElement).disabled = pad.empty;
  changed();
}

/** @param {string} [id] */
async function start(id = chosenCamera()) {
  clearMessage('camera');
  const button = byId('start', HTMLButtonElement);
  button.disabled = true;
  frozen = false;
  try {
    await camera.start(id || undefined);
  } catch (error) {
    showMessage('camera', error, { label: 'Start it again', run: () => start('') });
  }
  button.disabled = false;
  await showCameras(camera);
  show();
}

function stop() {
  camera.stop();
  frozen = false;
  show();
}

async function freeze() {
  frozen = !frozen;
  if (frozen) video.pause();
  else await video.play();
  show();
}

/** @param {FileList | null | undefined} files */
async function take(files) {
  const [file] = files ?? [];
  if (!file) return;
  byId('tab-picture').click();
  try {
    await drawFile(file, picture);
    clearMessage('picture');
    byId('picture-hint').textContent = file.name;
  } catch (error) {
    showMessage('picture', error);
  }
  show();
}

/** Listens to all that brings or changes a picture. */
export function startSource() {
  const stage = byId('stage');
  const file = byId('file', HTMLInputElement);
  startTabs(byId('sources'), (name) => choose(/** @type {SourceName} */ (name)));
  byId('start').addEventListener('click', () => start());
  byId('stop').addEventListener('click', stop);
  byId('freeze').addEventListener('click', freeze);
  byId('undo').addEventListener('click', () => pad.undo());
  byId('clear').addEventListener('click', () => pad.clear());
  byId('line').addEventListener('input', ({ target }) => {
    pad.width = Number(/** @type {HTMLInputElement} */ (target).value);
  });
  pad.onChange = show;
  startCameraTools(camera, {
    start,
    changed: () => {
      if (!camera.running) frozen = false;
      show();
      return showCameras(camera);
    },
    listed: () => showCameras(camera),
    turned: () => {
      frozen = false;
    },
  });
  file.addEventListener('change', async () => {
    await take(file.files);
    file.value = ''; // the same file again is a change too
  });
  document.addEventListener('paste', ({ clipboardData }) => take(clipboardData?.files));
  document.addEventListener('dragover', (event) => {
    event.preventDefault();
    stage.classList.add('over');
  });
  document.addEventListener('dragleave', ({ relatedTarget }) => {
    if (relatedTarget === null) stage.classList.remove('over');
  });
  document.addEventListener('drop', (event) => {
    event.preventDefault();
    stage.classList.remove('over');
    take(event.dataTransfer?.files);
  });
  show();
}
