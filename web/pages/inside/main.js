// The page Look inside: one picture goes in; the layers of a network, its filters, or a kernel of one's own come out.

import { byId } from '../dom.js';
import { givesHeat } from '../gives.js';
import { clearMessage, showMessage } from '../message.js';
import { runBench, startBench } from './bench.js';
import { showFilters, showFound } from './filters-panel.js';
import { chosen, SAMPLED, showLayers, showMaps, showStrip, startLayers } from './layers-panel.js';
import { chooseNetwork, network, showAnswer } from './network.js';
import { layOver, takeOff } from './overlay.js';
import { changed, current, drawAs, startSource, videoTime } from './source.js';
import { startTabs } from './tabs.js';
import { offerVersus, runVersus } from './versus.js';

/** @typedef {'layers' | 'filters' | 'versus' | 'bench'} View */

/** The strip shows every layer, which costs more than one: it is done this often, in milliseconds. */
const STRIP_EVERY = 1000;

/** After something failed, the next try waits this long, in milliseconds. */
const PAUSE = 1500;

/** @type {View} */
let view = 'layers';
let stripShown = Number.NEGATIVE_INFINITY;

/** @param {View} name */
function chooseView(name) {
  view = name;
  for (const one of ['layers', 'filters', 'versus', 'bench']) byId(`panel-${one}`).hidden = one !== name;
  byId('model-field').hidden = name === 'bench';
  byId('says').hidden = name === 'bench' || name === 'versus';
  takeOff();
  changed();
}

/** Looks at whatever is there, once for each frame and each change. */
async function watch() {
  let seen = '';
  for (;;) {
    await new Promise((resolve) => requestAnimationFrame(resolve));
    const there = current();
    const now = `${view} ${there?.changes} ${there?.moving ? videoTime() : ''} ${network.classifier?.name}`;
    if (!there || now === seen) continue;
    seen = now;
    try {
      if (view === 'bench') await runBench(there.drawn);
      else if (view === 'versus') await runVersus(there.element);
      else await lookInside(there.element, there.moving);
      clearMessage('look');
    } catch (error) {
      // A model that was changed meanwhile is no trouble of anybody's.
      if (network.classifier || view === 'bench') showMessage('look', error);
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
      seen = '';
    }
  }
}

/**
 * @param {HTMLVideoElement | HTMLCanvasElement} element
 * @param {boolean} moving
 */
async function lookInside(element, moving) {
  const { classifier, filters, layers } = network;
  if (!classifier) return;
  const heat = byId('heat').getAttribute('aria-pressed') === 'true';
  Object.assign(classifier, { heatMap: heat, mask: false });
  const results = await classifier.classify(element);
  showAnswer(results);
  if (heat && results.heatMap) layOver(results.heatMap, 'Where it looks', { see: true, range: [0, 1] });
  const name = view === 'layers' ? chosen.layer : filters?.name;
  if (name) {
    const { [name]: maps } = await classifier.activations(element, name);
    if (classifier !== network.classifier) return;
    if (view === 'layers' && name === chosen.layer) showMaps(maps);
    else if (view === 'filters') showFound(maps);
  }
  if (view === 'layers' && (!moving || performance.now() - stripShown > STRIP_EVERY)) {
    const names = layers.map((layer) => layer.name);
    const all = await classifier.activations(element, names, { most: SAMPLED });
    if (classifier === network.classifier) showStrip(all);
    stripShown = performance.now();
  }
}

/** The map that is chosen and where the model looks cannot both lie over the picture. */
function toggleHeat() {
  const button = byId('heat');
  const on = button.getAttribute('aria-pressed') !== 'true';
  button.setAttribute('aria-pressed', String(on));
  if (on) chosen.map = null;
  takeOff();
  changed();
}

function onLoaded() {
  const { classifier } = network;
  const heat = byId('heat', HTMLButtonElement);
  const can = givesHeat(classifier);
  heat.disabled = !can;
  heat.setAttribute('aria-pressed', 'false');
  heat.title = classifier && !can ? 'This network cannot say where it looks.' : '';
  if (classifier) drawAs(classifier.metadata.pytrain.drawing);
  takeOff();
  showLayers();
  showFilters();
  offerVersus();
}

startSource();
startLayers();
startBench();
startTabs(byId('views'), (name) => chooseView(/** @type {View} */ (name)));
byId('heat').addEventListener('click', toggleHeat);
byId('maps').addEventListener('click', () => byId('heat').setAttribute('aria-pressed', 'false'));
watch();
await chooseNetwork(onLoaded);
