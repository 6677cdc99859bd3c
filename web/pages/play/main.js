// The start page: choose a model, show it something by camera, picture or drawing, read the answer.

import { startCamera, stopCamera, toggleFreeze, toggleMirror } from './camera-view.js';
import { byId, copies } from './dom.js';
import { showFacts } from './facts.js';
import { look } from './look.js';
import { clearMessage, showMessage } from './message.js';
import { chooseModel } from './model-view.js';
import { drawFile, listenForPictures } from './picture.js';
import { camera, pad, picture, state } from './state.js';
import { chooseSource } from './tabs.js';

/** The figures are written this often, in milliseconds; more often they cannot be read. */
const FACTS_EVERY = 500;

/** @param {File} file */
async function usePicture(file) {
  chooseSource('picture');
  try {
    await drawFile(file, picture);
    clearMessage('picture');
    byId('picture-invite').hidden = true;
    byId('picture-hint').textContent = `${file.name}: the model sees the centre square.`;
    await look();
  } catch (error) {
    showMessage('picture', error);
  }
}

pad.onChange = () => {
  byId('pad-invite').hidden = !pad.empty;
  byId('undo', HTMLButtonElement).disabled = pad.empty;
  byId('clear', HTMLButtonElement).disabled = pad.empty;
  look();
};

function switchCamera() {
  if (camera.running) stopCamera();
  else {
    chooseSource('camera');
    startCamera();
  }
}

/** @type {Record<string, () => void>} */
const KEYS = {
  c: switchCamera,
  ' ': toggleFreeze,
  m: toggleMirror,
  p: () => chooseSource('picture'),
  d: () => chooseSource('pad'),
  u: () => state.source === 'pad' && pad.undo(),
  x: () => state.source === 'pad' && pad.clear(),
  t: () => byId('theme').click(),
};

/** @param {KeyboardEvent} event */
function key(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const target = /** @type {HTMLElement} */ (event.target);
  if (target.matches('select, textarea, input:not([type="range"])')) return;
  if (event.key === ' ' && target.matches('button, a, input, label, summary')) return;
  const run = KEYS[event.key.toLowerCase()];
  if (!run || (event.key === ' ' && !camera.running)) return;
  event.preventDefault();
  run();
}

byId('start').addEventListener('click', () => startCamera());
byId('stop').addEventListener('click', stopCamera);
byId('freeze').addEventListener('click', toggleFreeze);
byId('mirror').addEventListener('click', toggleMirror);
byId('undo').addEventListener('click', () => pad.undo());
byId('clear').addEventListener('click', () => pad.clear());
byId('line').addEventListener('input', (event) => {
  pad.width = Number(/** @type {HTMLInputElement} */ (event.target).value);
});
document.addEventListener('keydown', key);
copies(byId('copy'), () => byId('snippet').textContent);
listenForPictures(byId('file', HTMLInputElement), byId('drop'), usePicture);
setInterval(() => showFacts(state.classifier), FACTS_EVERY);

await chooseModel();
