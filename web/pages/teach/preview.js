// Trying a model at once: what the camera or a picture shows, and what the model says to it.

import { decode } from '../../lib/decode.js';
import { imageClassifier } from '../../pytrain.js';
import { byId, make } from '../dom.js';
import { LoadBar } from '../load-bar.js';
import { clearMessage, showMessage } from '../message.js';
import { showStatus } from '../status.js';
import { camera, onCamera, video } from './camera-zone.js';
import { setLabels, showResults, showState } from './poster.js';
import { on, project, studio, tell } from './studio.js';

/** @typedef {import('./studio.js').Way} Way */
/** @typedef {import('./studio.js').Trained} Trained */
/** @typedef {import('../../pytrain.js').ImageClassifier} ImageClassifier */

/** How much of the frames before stays in the camera's answer. */
const SMOOTHING = 0.5;

/** @type {Record<Way, string>} */
export const WAYS = { here: 'Here', python: 'Python' };

/** Loaded once for each model. @type {Map<Trained, Promise<ImageClassifier>>} */
const loaded = new Map();
/** Those that answer by now. @type {WeakSet<Trained>} */
const ready = new WeakSet();

const bar = new LoadBar(byId('loading'));
const tried = byId('tried');
const back = byId('tried-close', HTMLButtonElement);

/**
 * @param {Trained} model
 * @returns {Promise<ImageClassifier>}
 */
export function classifierOf(model) {
  const known = loaded.get(model);
  if (known) return known;
  const opening = model.open().then((files) =>
    imageClassifier(files, {
      smoothing: SMOOTHING,
      onProgress: (progress) => {
        if (model === shown()) bar.show(progress);
      },
      onStatus: ({ text }) => showStatus(text),
      onError: (error) => showMessage('model', error),
    }),
  );
  loaded.set(model, opening);
  opening.then(
    () => ready.add(model),
    () => loaded.delete(model),
  );
  return opening;
}

/** The model that is shown: the one that was asked for, else the other. @returns {Trained | null} */
export function shown() {
  const { here, python } = studio.trained;
  return studio.trained[studio.shown] ?? here ?? python;
}

/** @type {ImageClassifier | null} */
let running = null;
/** The look that counts, if several were asked for. @type {symbol | null} */
let looking = null;

/** Looks at what is there now, and goes on if it moves. */
async function look() {
  const mine = Symbol('look');
  looking = mine;
  running?.classifyStop();
  running = null;
  bar.end();
  const model = shown();
  showLinks(model);
  if (!model) {
    const names = studio.project?.classes.map(({ name }) => name) ?? [];
    setLabels(names);
    showState('idle', 'Nothing yet', 'Train it, then its answer stands here.');
    return;
  }
  if (studio.learning) return showState('idle', 'It learns', 'One moment, then try it.');
  let classifier;
  try {
    if (!ready.has(model)) {
      showState('loading', 'One moment', '');
      bar.begin(`Loading ${model.name}`);
    }
    classifier = await classifierOf(model);
  } catch (error) {
    if (looking !== mine) return;
    bar.end();
    showState('error', 'No model', 'See above for what to do.');
    showMessage('model', error, { label: 'Try again', run: look });
    return;
  }
  if (looking !== mine) return;
  bar.end();
  clearMessage('model');
  setLabels(classifier.labels);
  if (!tried.hidden) {
    await lookAtPicture(classifier, mine);
  } else if (studio.recording) {
    showState('idle', 'Recording', 'It looks again when you let go.');
  } else if (camera.running && studio.pythonLearns) {
    showState('idle', 'It rests', 'Python trains on this computer. It looks again after that.');
  } else if (camera.running) {
    running = classifier;
    classifier.classifyStart(video, showResults);
  } else {
    showState('idle', 'Ready', 'Start the camera and hold something up, or try a picture.');
  }
}

/**
 * @param {ImageClassifier} classifier
 * @param {symbol} mine
 */
async function lookAtPicture(classifier, mine) {
  try {
    const results = await classifier.classify(/** @type {HTMLImageElement} */ (tried.firstElementChild));
    if (looking === mine) showResults(results);
  } catch (error) {
    if (looking === mine) showMessage('model', error);
  }
}

/** @param {Trained | null} model */
function showLinks(model) {
  const both = Boolean(studio.trained.here && studio.trained.python);
  const which = byId('which');
  which.hidden = !both;
  which.replaceChildren(
    ...Object.entries(WAYS).map(([way, name]) => {
      const pressed = String(studio.trained[/** @type {Way} */ (way)] === model);
      const button = make(
        'button',
        { type: 'button', 'aria-pressed': pressed, 'data-testid': `try-${way}` },
        name,
      );
      button.addEventListener('click', () => {
        studio.shown = /** @type {Way} */ (way);
        tell('trained');
        /** @type {HTMLElement | null} */ (which.querySelector('[aria-pressed="true"]'))?.focus();
      });
      return button;
    }),
  );
  byId('studio').toggleAttribute('data-trained', Boolean(model));
  byId('try-file', HTMLInputElement).disabled = !model;
  byId('try-label').hidden = !model;
  for (const [id, page] of [
    ['play', '../'],
    ['take', '../take-away/'],
  ]) {
    const link = byId(id, HTMLAnchorElement);
    link.hidden = !model?.address;
    if (model) link.href = `${page}?model=${encodeURIComponent(model.address)}`;
  }
}

/** @param {File} file */
async function tryPicture(file) {
  try {
    const image = await decode(file);
    image.alt = file.name;
    tried.replaceChildren(image);
  } catch {
    showMessage('files', {
      what: `${file.name} is not a picture that this browser can show.`,
      expected: 'a JPEG, PNG, WebP, GIF or AVIF file',
      fix: 'Choose another file, or save it as JPEG first.',
    });
    return;
  }
  tried.hidden = back.hidden = false;
  await look();
}

function closePicture() {
  tried.hidden = back.hidden = true;
  tried.replaceChildren();
  look();
}

/** Frees the models that are not of this project any more. */
function forget() {
  const { here, python } = studio.trained;
  for (const [model, opening] of loaded) {
    if (model === here || model === python) continue;
    loaded.delete(model);
    opening.then(
      (classifier) => classifier.dispose(),
      () => {},
    );
  }
}

on('trained', () => {
  forget();
  look();
});
on('busy', look);
on('project', look);
on('classes', () => {
  if (!shown()) setLabels(project().classes.map(({ name }) => name));
});
onCamera(() => {
  if (camera.running && !tried.hidden) closePicture();
  else look();
});
back.addEventListener('click', closePicture);
byId('try-file').addEventListener('change', ({ target }) => {
  const input = /** @type {HTMLInputElement} */ (target);
  const [file] = input.files ?? [];
  input.value = '';
  if (file) tryPicture(file);
});
