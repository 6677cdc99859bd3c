// The start page: choose a model, show it something by camera, picture, video or drawing, read the answer.

import { PytrainError } from '../../lib/errors.js';
import { byId, copies } from '../dom.js';
import { clearMessage, showMessage } from '../message.js';
import { startCamera, stopCamera, toggleFreeze, toggleMirror } from './camera-view.js';
import { openClip, togglePlay } from './clip.js';
import { showFacts } from './facts.js';
import { listenForFiles } from './file-inputs.js';
import { toggleHeat, turnHeat } from './heat-map.js';
import { look } from './look.js';
import { toggleMask, turnMask } from './mask-view.js';
import { chooseModel } from './model-view.js';
import { drawFile } from './picture.js';
import { looksLikeVideo } from './picture-file.js';
import { openSheet, whenChosen } from './sheet-view.js';
import { takeSnapshot } from './snapshot.js';
import { enterStage, leaveStage, onStage, stageAsked } from './stage-view.js';
import { camera, pad, picture, state } from './state.js';
import { chooseSource } from './tabs.js';

/** The figures are written this often, in milliseconds; more often they cannot be read. */
const FACTS_EVERY = 500;

/** @param {import('./dropped.js').Found[]} found */
function takeFiles(found) {
  clearMessage('files');
  const [first] = found;
  if (!first) {
    showMessage(
      'files',
      new PytrainError('There is no file in that.', 'pictures, or a video', 'Drop some pictures.'),
    );
  } else if (found.length > 1) {
    chooseSource('picture');
    openSheet(found);
  } else if (looksLikeVideo(first.file)) {
    chooseSource('clip');
    openClip(first.file);
  } else {
    usePicture(first.file);
  }
}

/** @param {File} file */
async function usePicture(file) {
  chooseSource('picture');
  try {
    await drawFile(file, picture);
    clearMessage('picture');
    byId('picture-invite').hidden = true;
    byId('picture-other').hidden = false;
    byId('picture-hint').textContent = file.name;
    await look();
  } catch (error) {
    showMessage('picture', error);
  }
}

pad.onChange = () => {
  pad.showSeen(byId('pad-seen', HTMLCanvasElement));
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

function switchStage() {
  if (onStage()) leaveStage();
  else enterStage();
}

/** One of the two at a time: both would lie over the same picture. */
function switchHeat() {
  turnMask(false);
  toggleHeat(look);
}

function switchMask() {
  turnHeat(false);
  toggleMask(look);
}

const halt = () => (state.source === 'clip' ? togglePlay() : toggleFreeze());

/** @type {Record<string, () => void>} */
const KEYS = {
  c: switchCamera,
  ' ': halt,
  m: toggleMirror,
  h: switchHeat,
  w: switchMask,
  s: takeSnapshot,
  f: switchStage,
  p: () => chooseSource('picture'),
  v: () => chooseSource('clip'),
  d: () => chooseSource('pad'),
  u: () => state.source === 'pad' && pad.undo(),
  x: () => state.source === 'pad' && pad.clear(),
  t: () => byId('theme').click(),
};

/** What the space bar means something to; the tab that is chosen already has no use for it. */
const OWN_SPACE = ':is(button, a, input, label, summary):not([role="tab"][aria-selected="true"])';

/** @param {KeyboardEvent} event */
function key(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const target = /** @type {HTMLElement} */ (event.target);
  if (target.matches('select, textarea, input:not([type="range"])')) return;
  if (event.key === ' ' && target.matches(OWN_SPACE)) return;
  const run = KEYS[event.key.toLowerCase()];
  if (!run || (event.key === ' ' && !camera.running && state.source !== 'clip')) return;
  event.preventDefault();
  run();
}

byId('start').addEventListener('click', () => startCamera());
byId('stop').addEventListener('click', stopCamera);
byId('freeze').addEventListener('click', toggleFreeze);
byId('mirror').addEventListener('click', toggleMirror);
byId('looks').addEventListener('click', switchHeat);
byId('where').addEventListener('click', switchMask);
byId('snapshot').addEventListener('click', takeSnapshot);
byId('go-on-stage').addEventListener('click', switchStage);
byId('undo').addEventListener('click', () => pad.undo());
byId('clear').addEventListener('click', () => pad.clear());
byId('line').addEventListener('input', (event) => {
  pad.width = Number(/** @type {HTMLInputElement} */ (event.target).value);
});
document.addEventListener('keydown', key);
copies(byId('copy'), () => byId('snippet').textContent);
copies(byId('copy-out'), () => byId('out-snippet').textContent);
listenForFiles(takeFiles);
whenChosen((file) => {
  usePicture(file);
  byId('panel-picture').scrollIntoView({ block: 'center' });
});
setInterval(() => showFacts(state.classifier), FACTS_EVERY);

if (stageAsked()) {
  enterStage();
  startCamera();
}
await chooseModel();
