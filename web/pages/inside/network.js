// The network that is looked into: which, its layers, and its answer to what goes in.

import { imageClassifier } from '../../pytrain.js';
import { byId } from '../dom.js';
import { everyModel, fillModels, openable } from '../every-model.js';
import { LoadBar } from '../load-bar.js';
import { clearMessage, showMessage } from '../message.js';
import { asked, keepInAddress } from '../models.js';
import { showStatus } from '../status.js';
import { changed } from './source.js';

/** @typedef {import('../../lib/inside.js').Layer} Layer */

const select = byId('models', HTMLSelectElement);
const bar = new LoadBar(byId('loading'));

export const network = {
  /** @type {import('../../pytrain.js').ImageClassifier | null} */
  classifier: null,
  /** @type {Layer[]} */
  layers: [],
  /** Of its first convolution, if it has one. @type {import('../../lib/inside.js').Filters | null} */
  filters: null,
};

/** The load that counts, if several were asked for. @type {symbol | null} */
let loading = null;

/** @param {() => void} onLoaded */
export async function chooseNetwork(onLoaded) {
  select.addEventListener('change', () => {
    keepInAddress({ model: select.value });
    load(select.value, onLoaded);
  });
  try {
    const shown = fillModels(select, await everyModel(), asked().model);
    if (shown) await load(shown, onLoaded);
  } catch (error) {
    showMessage('model', error, { label: 'Try again', run: () => location.reload() });
  }
}

/**
 * @param {string} address
 * @param {() => void} onLoaded
 */
async function load(address, onLoaded) {
  const mine = Symbol(address);
  loading = mine;
  network.classifier?.dispose();
  Object.assign(network, { classifier: null, layers: [], filters: null });
  clearMessage('model');
  showAnswer(null);
  onLoaded();
  bar.begin('Loading the network');
  try {
    const classifier = await imageClassifier(await openable(address), {
      backend: /** @type {any} */ (asked().backend),
      onProgress: (progress) => {
        if (loading === mine) bar.show(progress);
      },
      onStatus: ({ text }) => {
        if (loading === mine) showStatus(text);
      },
      onError: (error) => {
        if (loading === mine) showMessage('model', error);
      },
    });
    const layers = await classifier.layers();
    const filters = await classifier.filters().catch(() => null);
    if (loading !== mine) {
      classifier.dispose();
      return;
    }
    Object.assign(network, { classifier, layers, filters });
    onLoaded();
    changed();
  } catch (error) {
    if (loading === mine) {
      showMessage('model', error, { label: 'Try again', run: () => load(address, onLoaded) });
    }
  } finally {
    if (loading === mine) bar.end();
  }
}

/** @param {import('../../lib/results.js').Results | null} results */
export function showAnswer(results) {
  const answer = byId('answer');
  const { said, sure } = words(results);
  answer.textContent = said;
  answer.dataset.label = results?.answer ?? '';
  byId('sure').textContent = sure;
}

/** An answer in words. @param {import('../../lib/results.js').Results | null} results */
export function words(results) {
  const said = results?.unknown ? 'Not sure' : (results?.[0].label.replaceAll('_', ' ') ?? '–');
  const sure = results && !results.unknown ? `${(100 * results[0].confidence).toFixed(0)} %` : '';
  return { said: said.charAt(0).toUpperCase() + said.slice(1), sure };
}
