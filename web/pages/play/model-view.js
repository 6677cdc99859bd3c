// The model: which there are, loading the chosen one, and what the page says about it.

import { PytrainError } from '../../lib/errors.js';
import { UNKNOWN } from '../../lib/results.js';
import { onSavedModels } from '../../lib/studio/saved-models.js';
import { imageClassifier } from '../../pytrain.js';
import { byId, make } from '../dom.js';
import { openable } from '../every-model.js';
import { LoadBar } from '../load-bar.js';
import { clearMessage, showMessage } from '../message.js';
import { asked, bestOf, keepInAddress, optionText } from '../models.js';
import { snippet } from '../snippet.js';
import { showStatus } from '../status.js';
import { setLabels, showState } from './answer.js';
import { checkModel } from './check.js';
import { showCheck, showFacts, showForm, showMeasured, showMetrics } from './facts.js';
import { galleryModels, nameOf } from './gallery-models.js';
import { offerHeat, wantsHeat } from './heat-map.js';
import { startHistory } from './history.js';
import { look } from './look.js';
import { offerMask, wantsMask } from './mask-view.js';
import { markChosen, openGallery, showGallery } from './model-gallery.js';
import { listener } from './send.js';
import { modelReady } from './sheet-view.js';
import { pad, state } from './state.js';
import { offerServer } from './to-server.js';

const select = byId('models', HTMLSelectElement);
const bar = new LoadBar(byId('loading'));

/** Signs of a headline that still leaves room for the picture on a phone. */
const LONGEST_HEADLINE = 72;

/** @type {import('./gallery-models.js').Entry[]} */
let models = [];

/** The one in use, as the address names it. */
let current = '';

/** The load that counts, if several were asked for. @type {symbol | null} */
let loading = null;

/** Loads the model that the address asks for, else the best of the list. */
export async function chooseModel() {
  const wanted = asked().model;
  const problem = await readList();
  if (!wanted && problem) {
    showState('error', 'No model', 'See above for what to do.');
    showMessage('model', problem, { label: 'Try again', run: chooseModel });
    return;
  }
  await loadModel(wanted ?? bestOf(models).address);
}

/** @returns {Promise<unknown>} why there is no model to choose, if there is none */
async function readList() {
  const { models: found, failures, api } = await galleryModels();
  models = found;
  offerServer(api);
  showList();
  if (models.some(({ error }) => !error)) return undefined;
  const [broken] = models;
  return (
    failures[0] ??
    broken?.error ??
    new PytrainError('There is no model yet.', null, 'Make one with: pytrain train four-shapes')
  );
}

/** The list as it is now, with the model in use, which need not be in it. */
function showList() {
  if (current && !models.some(({ address }) => address === current)) {
    models.push({ name: nameOf(current), address: current });
  }
  select.replaceChildren(
    ...models.map((model) => make('option', { value: model.address }, optionText(model))),
  );
  showGallery(models, current);
  select.value = current;
}

/** @param {string} address */
function mark(address) {
  current = address;
  for (const link of document.querySelectorAll('.pages a:not([aria-current], [href*="teach/"])'))
    carry(link, address);
  if (models.some((model) => model.address === address)) markChosen(address);
  else showList();
  select.value = address;
}

/** The other pages begin with the same model. @param {Element} link @param {string} address */
function carry(link, address) {
  const url = new URL(/** @type {HTMLAnchorElement} */ (link).href);
  url.searchParams.set('model', address);
  link.setAttribute('href', url.href);
}

/** @param {string} address */
async function loadModel(address) {
  const mine = Symbol(address);
  loading = mine;
  mark(address);
  state.classifier?.dispose();
  Object.assign(state, { classifier: null, results: null, model: nameOf(address) });
  clearMessage('model');
  clearMessage('check');
  setLabels([]);
  startHistory([]);
  offerHeat();
  offerMask();
  showFacts(null);
  showState('loading', 'One moment', '');
  bar.begin('Loading the model');
  const { backend } = asked();
  try {
    const classifier = await imageClassifier(await openable(address), {
      backend: /** @type {any} */ (backend),
      heatMap: wantsHeat(),
      mask: wantsMask(),
      onProgress: (progress) => {
        if (loading === mine) bar.show(progress);
      },
      onStatus: ({ text }) => {
        if (loading === mine) showStatus(text);
      },
      onError: (error) => {
        if (loading === mine)
          showMessage('model', error, { label: 'Load it again', run: () => loadModel(address) });
      },
    });
    if (loading !== mine) {
      classifier.dispose();
      return;
    }
    state.classifier = classifier;
    introduce(classifier);
    modelReady();
    await look();
  } catch (error) {
    if (loading !== mine) return;
    showState('error', 'No model', 'See above for what to do.');
    showMessage('model', error, { label: 'Try again', run: () => loadModel(address) });
  } finally {
    if (loading === mine) bar.end();
  }
}

/** A backend was asked for in the address: then measuring chooses none. */
function forced() {
  const { backend } = asked();
  return backend !== undefined && backend !== 'auto';
}

/** @param {import('../../pytrain.js').ImageClassifier} classifier */
async function introduce(classifier) {
  setLabels(classifier.labels, classifier.unknown);
  startHistory(classifier.labels);
  offerHeat();
  offerMask();
  offerDrawing(classifier.metadata.pytrain.drawing);
  byId('headline').textContent = headline(classifier.labels);
  showMetrics(classifier.metadata.pytrain.metrics ?? {});
  showFacts(classifier);
  showForm(classifier);
  showCheck(null);
  const listed = models.find(({ address }) => address === current);
  const report = byId('report', HTMLAnchorElement);
  report.hidden = !listed?.report;
  if (listed?.report) report.href = new URL('report/index.html', classifier.url).href;
  showSnippet(listed);
  showMeasured(classifier, forced(), !forced());
  await classifier.ready;
  if (state.classifier === classifier) {
    showMeasured(classifier, forced(), false);
    showFacts(classifier);
    await checkModel(classifier, useBackend);
  }
}

/** The pad draws as the model's own pictures were drawn. @param {'mnist' | undefined} drawing */
function offerDrawing(drawing) {
  if (!pad.prepareAs(drawing)) return;
  byId('line', HTMLInputElement).value = String(pad.width);
  byId('pad-stage').classList.toggle('paper', drawing !== 'mnist');
  pad.showSeen(byId('pad-seen', HTMLCanvasElement));
}

/** @param {import('./gallery-models.js').Entry | undefined} listed */
function showSnippet(listed) {
  // What is kept in this browser has no address: its folder has to lie beside the page.
  const model = listed?.own ? `./${state.model}/` : current;
  byId('snippet').textContent = snippet(model, new URL('pytrain.js', document.baseURI).href);
  const here = new URL(`?model=${encodeURIComponent(current)}`, document.baseURI);
  byId('out-snippet').textContent = listener(here.href);
}

/** @param {string} backend */
function useBackend(backend) {
  keepInAddress({ backend });
  loadModel(current);
}

/** @param {readonly string[]} labels */
function headline(labels) {
  const names = labels.filter((label) => label !== UNKNOWN).map((label) => label.replaceAll('_', ' '));
  const article = (/** @type {string} */ name) =>
    /^(an?|the) /i.test(name) ? name : `${/^[aeiou]/i.test(name) ? 'an' : 'a'} ${name}`;
  const all = names.map(article);
  const last = all.pop();
  const sentence = all.length ? `Show it ${all.join(', ')} or ${last}.` : `Show it ${last}.`;
  return names.length > 0 && sentence.length < LONGEST_HEADLINE
    ? sentence
    : `Show it something: it knows ${names.length} things.`;
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

/** @param {string} address */
function take(address) {
  const { error } = models.find((model) => model.address === address) ?? {};
  if (error) {
    // The one in use goes on: nothing is won by taking it away.
    showMessage('model', error);
    select.value = current;
  } else if (address !== current || !state.classifier) {
    keepInAddress({ model: address });
    loadModel(address);
  }
}

openGallery(({ address }) => take(address));
select.addEventListener('change', () => take(select.value));
byId('measure').addEventListener('click', measureAgain);
onSavedModels(readList);
