// The model: which there are, loading the chosen one, and what the page says about it.

import { PytrainError } from '../lib/errors.js';
import { imageClassifier } from '../pytrain.js';
import { setLabels, showProgress, showState } from './answer.js';
import { checkModel } from './check.js';
import { byId, make } from './dom.js';
import { showCheck, showFacts, showForm, showMeasured, showMetrics } from './facts.js';
import { look } from './look.js';
import { clearMessage, showMessage } from './message.js';
import { asked, bestOf, keepInAddress, listModels, optionText } from './models.js';
import { snippet } from './snippet.js';
import { state } from './state.js';

/** How much of the frames before stays in the camera's answer: it settles in about three frames. */
const SMOOTHING = 0.5;

const select = byId('models', HTMLSelectElement);

/** @type {import('./models.js').Listed[]} */
let models = [];

/** The load that counts, if several were asked for. @type {symbol | null} */
let loading = null;

/** Loads the model that the address asks for, else the first of the list. */
export async function chooseModel() {
  const wanted = asked().model;
  try {
    const listed = await listModels();
    models = [...listed.models, ...listed.problems.map(({ name }) => ({ name }))];
    if (!wanted && models.length === 0) {
      throw new PytrainError('There is no model yet.', null, 'Make one with: pytrain train four-shapes');
    }
  } catch (error) {
    if (!wanted) {
      showState('error', 'No model', 'See above for what to do.');
      showMessage('model', error, { label: 'Try again', run: chooseModel });
      return;
    }
  }
  const name = wanted ?? bestOf(models).name;
  if (!models.some((model) => model.name === name)) models.push({ name });
  select.replaceChildren(...models.map((model) => make('option', { value: model.name }, optionText(model))));
  select.value = name;
  await loadModel(name);
}

/** @param {string} name */
async function loadModel(name) {
  const mine = Symbol(name);
  loading = mine;
  state.classifier?.dispose();
  state.classifier = null;
  clearMessage('model');
  clearMessage('check');
  setLabels([]);
  showFacts(null);
  showState('loading', 'One moment', 'Loading the model');
  const { backend } = asked();
  try {
    const classifier = await imageClassifier(name, {
      backend: /** @type {any} */ (backend),
      smoothing: SMOOTHING,
      onProgress: (progress) => {
        if (loading === mine) showProgress(progress);
      },
      onError: (error) => showMessage('model', error, { label: 'Load it again', run: () => loadModel(name) }),
    });
    if (loading !== mine) {
      classifier.dispose();
      return;
    }
    state.classifier = classifier;
    introduce(classifier);
    await look();
  } catch (error) {
    if (loading !== mine) return;
    showState('error', 'No model', 'See above for what to do.');
    showMessage('model', error, { label: 'Try again', run: () => loadModel(name) });
  }
}

/** A backend was asked for in the address: then measuring chooses none. */
function forced() {
  const { backend } = asked();
  return backend !== undefined && backend !== 'auto';
}

/** @param {import('../pytrain.js').ImageClassifier} classifier */
async function introduce(classifier) {
  setLabels(classifier.labels, classifier.unknown);
  byId('headline').textContent = headline(classifier.labels);
  showMetrics(classifier.metadata.pytrain.metrics ?? {});
  showFacts(classifier);
  showForm(classifier);
  showCheck(null);
  const listed = models.find(({ name }) => name === select.value);
  const report = byId('report', HTMLAnchorElement);
  report.hidden = !listed?.report;
  report.href = new URL('report/index.html', classifier.url).href;
  byId('snippet').textContent = snippet(select.value, new URL('pytrain.js', document.baseURI).href);
  showMeasured(classifier, forced(), !forced());
  await classifier.ready;
  if (state.classifier === classifier) {
    showMeasured(classifier, forced(), false);
    showFacts(classifier);
    await checkModel(classifier, useBackend);
  }
}

/** @param {string} backend */
function useBackend(backend) {
  keepInAddress({ backend });
  loadModel(select.value);
}

/** @param {readonly string[]} labels */
function headline(labels) {
  const names = labels.map((label) => label.replaceAll('_', ' '));
  if (names.length > 6) return `Show it something: it knows ${names.length} things.`;
  const article = (/** @type {string} */ name) => `${/^[aeiou]/i.test(name) ? 'an' : 'a'} ${name}`;
  return `Show it ${names.slice(0, -1).map(article).join(', ')} or ${article(String(names.at(-1)))}.`;
}

async function measureAgain() {
  const { classifier } = state;
  if (!classifier) return;
  showMeasured(classifier, forced(), true);
  try {
    await classifier.measure();
  } catch (error) {
    showMessage('model', error);
  }
  if (state.classifier !== classifier) return;
  showMeasured(classifier, forced(), false);
  await checkModel(classifier, useBackend);
}

select.addEventListener('change', () => {
  keepInAddress({ model: select.value });
  loadModel(select.value);
});
byId('measure').addEventListener('click', measureAgain);
