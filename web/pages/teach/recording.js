// Recording: which class's button is held, what the stage shows meanwhile, and where the frames go.

import { byId, make } from '../dom.js';
import { clearMessage, showMessage } from '../message.js';
import { camera, onCamera, startCamera, video } from './camera-zone.js';
import { paint } from './colours.js';
import { showHomeless } from './homeless.js';
import { Keeper } from './keeper.js';
import { Recorder } from './recorder.js';
import { say } from './say.js';
import { on, plural, project, studio, tell } from './studio.js';

const RATE = 'pytrain.teach.rate';

const stage = byId('stage');
const counter = byId('counter');
const rate = byId('rate', HTMLInputElement);

const keeper = new Keeper(tellFull, () => {
  stopRecording();
  showHomeless(keeper);
});

/** @param {unknown} error */
function tellFull(error) {
  stopRecording();
  const { what, expected, fix } = /** @type {any} */ (error);
  const frames = plural(keeper.waiting, 'frame');
  showMessage(
    'recording',
    {
      what: what ?? String(error),
      expected,
      fix: `${fix ?? ''} ${frames} of the recording wait in memory until then.`.trim(),
    },
    { label: 'Keep them now', run: () => keeper.again() },
  );
}

const recorder = new Recorder(
  video,
  (home, shot) => keeper.keep(home, shot),
  (error) => showMessage('recording', error),
);

/** The class whose button is held; the camera may still be starting. @type {string | null} */
let held = null;

/** @param {string} classId */
export async function startRecording(classId) {
  held = classId;
  if (!camera.running) {
    say('The camera starts.');
    if (!(await startCamera()) || held !== classId) return;
  }
  const one = project().classes.find(({ id }) => id === classId);
  if (!one) return;
  clearMessage('recording');
  recorder.start({ project: project(), classId, name: one.name });
}

export function stopRecording() {
  held = null;
  const classId = recorder.now?.classId;
  const count = recorder.stop();
  const found = studio.project?.classes.find(({ id }) => id === classId);
  if (found) say(`${plural(count, 'picture')} of ${found.name} recorded.`);
}

/** @returns {{classId: string, count: number} | null} */
export function nowRecording() {
  return recorder.now;
}

recorder.onChange = () => {
  const { now } = recorder;
  const found = now && studio.project?.classes.find(({ id }) => id === now.classId);
  counter.hidden = !found;
  stage.toggleAttribute('data-recording', Boolean(found));
  if (found) {
    paint(stage, found.colour);
    counter.replaceChildren(`${now.count} `, make('span', {}, found.name));
  }
  for (const button of document.querySelectorAll('.hold')) {
    const own = now?.classId === /** @type {HTMLElement} */ (button).dataset.id;
    button.toggleAttribute('data-recording', own);
    const word = button.querySelector('.word');
    if (word)
      word.textContent = own ? `+ ${now?.count}` : String(/** @type {HTMLElement} */ (word).dataset.word);
  }
  if (studio.recording !== Boolean(now)) {
    studio.recording = Boolean(now);
    tell('busy');
  }
};

function showRate() {
  recorder.rate = Number(rate.value);
  byId('rate-value').textContent = rate.value;
}

rate.addEventListener('input', () => {
  showRate();
  try {
    localStorage.setItem(RATE, rate.value);
  } catch {
    // Where storage is forbidden the rate lasts until the page is left.
  }
});
try {
  rate.value = localStorage.getItem(RATE) ?? rate.value;
} catch {
  // As above.
}
showRate();

onCamera(() => {
  if (!camera.running) stopRecording();
});
on('project', stopRecording);
window.addEventListener('beforeunload', (event) => {
  if (keeper.waiting || keeper.homeless.length) event.preventDefault();
});
