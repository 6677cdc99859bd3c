// What is around every camera: the list to choose from, the button that turns it, and what is said when it comes and goes.

import { listCameras } from '../lib/camera.js';
import { PytrainError } from '../lib/errors.js';
import { byId, make } from './dom.js';
import { clearMessage, showMessage } from './message.js';
import { showStatus } from './status.js';

const select = byId('cameras', HTMLSelectElement);
const turn = byId('turn', HTMLButtonElement);

/** The camera that the person chose; until then a phone takes the one at its back. */
let chosen = '';

/** What a start takes unless somebody says which. */
export function chosenCamera() {
  return chosen;
}

/**
 * Writes down which cameras there are; Turn is there where they look both ways.
 * @param {import('../lib/camera.js').Camera} camera
 */
export async function showCameras(camera) {
  const cameras = await listCameras();
  const shown = camera.id || select.value;
  select.replaceChildren(...cameras.map(({ id, name }) => make('option', { value: id }, name)));
  if (!cameras.length) select.append(make('option', { value: '' }, 'No camera'));
  select.disabled = cameras.length === 0;
  if (cameras.some(({ id }) => id === shown)) select.value = shown;
  const facing = new Set(cameras.map((one) => one.facing));
  turn.hidden = !(facing.has('user') && facing.has('environment'));
  return cameras;
}

/**
 * @param {import('../lib/camera.js').Camera} camera
 * @param {object} page
 * @param {(id: string) => unknown} page.start starts this camera; any where the id is ''
 * @param {() => unknown} page.changed it runs or does not run any more, or is another
 * @param {() => unknown} page.listed cameras came or went
 * @param {() => void} [page.turned] it looks the other way now
 * @param {string} [page.gone] what to say when it goes away
 * @param {(error: any) => any} [page.forHere] the error in words that fit the page
 */
export function startCameraTools(
  camera,
  { start, changed, listed, turned = () => {}, gone = 'The camera is gone.', forHere = (error) => error },
) {
  camera.onGone = () => {
    const fix = 'Plug it in again, or choose another camera and start it.';
    showMessage('camera', new PytrainError(gone, null, fix), {
      label: 'Start another',
      run: () => start(''),
    });
    changed();
  };
  camera.onBack = () => {
    clearMessage('camera');
    showStatus('The camera is back.');
    changed();
  };
  camera.onStill = () => showStatus('The camera gives no pictures for now; another program may be using it.');
  camera.onMoving = () => showStatus('The camera gives pictures again.');
  camera.onList = () => listed();
  select.addEventListener('change', () => {
    chosen = select.value;
    start(chosen);
  });
  turn.addEventListener('click', async () => {
    try {
      if (await camera.turn()) turned();
      chosen = camera.id;
    } catch (error) {
      showMessage('camera', forHere(error));
    }
    changed();
  });
}
