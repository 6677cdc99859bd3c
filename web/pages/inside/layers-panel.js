// The layers: a strip to choose from, and the maps of the chosen one, the most active first.

import { byId, make } from '../dom.js';
import { network } from './network.js';
import { layOver, takeOff } from './overlay.js';
import { channelOf, paint, rangeOf } from './paint.js';
import { changed } from './source.js';
import { arrows } from './tabs.js';

/** @typedef {import('../../lib/inside.js').Maps} Maps */

/** More maps than this are shown only when they are asked for. */
const FIRST = 48;

/** Of each layer in the strip the most active of so many maps is shown. */
export const SAMPLED = 6;

/** The maps change places at most this often, in milliseconds. */
const REORDER_EVERY = 1500;

/** How much of the activity before stays in a map's place. */
const STEADY = 0.8;

const SAYS = {
  convolution:
    'Small tables of numbers are slid over what came before. A map is bright where its table fits.',
  pooling: 'Neighbours are put together: the maps get smaller, what was found stays.',
  dense: 'Every number before is weighed, and all of them are added up.',
  other: 'A step in between.',
};

const strip = byId('layer-strip');
const grid = byId('maps');

export const chosen = {
  layer: '',
  /** The map that lies over the picture. @type {number | null} */
  map: null,
  all: false,
};

/** @type {number[]} */
let order = [];
/** @type {Float32Array} */
let activity = new Float32Array(0);
let ordered = 0;
/** What the maps were painted of last. @type {Maps | null} */
let latest = null;

/** How many places a layer has, in words: '28 x 28', or '' where it gives plain numbers. @param {{height: number, width: number}} layer */
function places({ height, width }) {
  return height * width > 1 ? `${height} x ${width}` : '';
}

/** @param {import('../../lib/inside.js').Layer} layer */
function countOf(layer) {
  const many = layer.channels === 1 ? '' : 's';
  return places(layer) ? `${layer.channels} map${many}` : `${layer.channels} number${many}`;
}

/** Fills the strip with the layers of the network. */
export function showLayers() {
  strip.replaceChildren(
    ...network.layers.map((layer) => {
      const picture = make('canvas', { width: '1', height: '1', 'aria-hidden': 'true' });
      const size = make('span', {}, places(layer) || 'numbers');
      const button = make(
        'button',
        { type: 'button', 'data-layer': layer.name, 'aria-pressed': 'false', tabindex: '-1' },
        picture,
        make('strong', {}, layer.name),
        size,
        make('span', {}, countOf(layer)),
      );
      button.addEventListener('click', () => chooseLayer(layer.name));
      return button;
    }),
  );
  const first = network.layers.find(({ kind }) => kind === 'convolution') ?? network.layers[0];
  if (first) chooseLayer(first.name);
  else grid.replaceChildren();
}

/** @param {string} name */
function chooseLayer(name) {
  const layer = network.layers.find((one) => one.name === name);
  if (!layer) return;
  Object.assign(chosen, { layer: name, map: null, all: false });
  for (const button of strip.querySelectorAll('button')) {
    const own = button.dataset.layer === name;
    button.setAttribute('aria-pressed', String(own));
    button.tabIndex = own ? 0 : -1;
  }
  byId('layer-name').textContent = `${name}: ${[countOf(layer), places(layer)].filter(Boolean).join(' of ')}`;
  byId('layer-says').textContent = saysOf(layer);
  takeOff();
  latest = null;
  activity = new Float32Array(layer.channels);
  order = Array.from({ length: layer.channels }, (_, at) => at);
  ordered = 0;
  fillGrid(layer);
  changed();
}

/** @param {import('../../lib/inside.js').Layer} layer */
function saysOf({ kind, height, width, channels }) {
  if (height * width > 1) return SAYS[kind];
  if (channels === network.classifier?.labels.length) return 'One number for each class: the answer.';
  return kind === 'pooling'
    ? 'One number is left of each map: how much of it there was in the picture.'
    : SAYS[kind];
}

/** @param {import('../../lib/inside.js').Layer} layer */
function fillGrid(layer) {
  const count = chosen.all ? layer.channels : Math.min(layer.channels, FIRST);
  const plain = !places(layer);
  grid.classList.toggle('numbers', plain);
  grid.classList.toggle('named', labelsOf(layer) !== null);
  grid.replaceChildren(
    ...Array.from({ length: count }, (_, at) => {
      const canvas = make('canvas', { width: '1', height: '1', 'aria-hidden': 'true' });
      const button = make('button', { type: 'button', tabindex: at === 0 ? '0' : '-1' }, canvas);
      if (labelsOf(layer)) button.append(make('span', {}));
      button.addEventListener('click', () => chooseMap(order[at]));
      return button;
    }),
  );
  const more = byId('more', HTMLButtonElement);
  more.hidden = count === layer.channels;
  more.textContent = `Show all ${layer.channels}`;
  nameTiles();
}

/** The classes, where a layer gives a number for each. @param {import('../../lib/inside.js').Layer} layer */
function labelsOf({ height, width, channels }) {
  const labels = network.classifier?.labels ?? [];
  return height * width === 1 && channels === labels.length ? labels : null;
}

function nameTiles() {
  const layer = network.layers.find(({ name }) => name === chosen.layer);
  const labels = layer && labelsOf(layer);
  for (const [at, tile] of [...grid.children].entries()) {
    const name = labels ? labels[order[at]] : `Map ${order[at] + 1}`;
    tile.setAttribute('aria-pressed', String(order[at] === chosen.map));
    if (labels) /** @type {HTMLElement} */ (tile.lastChild).textContent = name;
    else tile.setAttribute('aria-label', name);
    tile.setAttribute('title', labels ? '' : name);
  }
}

/** @param {number} channel */
function chooseMap(channel) {
  const layer = network.layers.find(({ name }) => name === chosen.layer);
  chosen.map = chosen.map === channel || !layer || !places(layer) ? null : channel;
  byId('blend', HTMLButtonElement).disabled = chosen.map === null;
  if (chosen.map === null) takeOff();
  else byId('stage').scrollIntoView({ block: 'nearest', behavior: 'smooth' });
  nameTiles();
  showMaps(latest);
  changed();
}

/**
 * Paints the maps of the chosen layer.
 * @param {Maps | null | undefined} maps
 */
export function showMaps(maps) {
  if (!maps || maps.channels !== activity.length) return;
  latest = maps;
  measure(maps);
  reorder();
  const { height, width } = maps;
  // Plain numbers can only be told from each other when they are measured alike.
  const alike = height * width === 1 || byId('scale', HTMLSelectElement).value === 'all';
  const range = alike ? rangeOf(maps.values) : undefined;
  for (const [at, tile] of [...grid.children].entries()) {
    const map = channelOf(maps, order[at]);
    paint(/** @type {HTMLCanvasElement} */ (tile.firstChild), map, range ?? rangeOf(map.values));
  }
  if (chosen.map === null) return;
  const see = byId('blend').getAttribute('aria-pressed') === 'true';
  layOver(channelOf(maps, chosen.map), `${chosen.layer}, map ${chosen.map + 1}`, { see });
}

/** How active each map is: the mean of what it found, whatever its sign. @param {Maps} maps */
function measure({ channels, values }) {
  const now = new Float32Array(channels);
  for (let at = 0; at < values.length; at++) now[at % channels] += Math.abs(values[at]);
  const steady = ordered ? STEADY : 0;
  for (let at = 0; at < channels; at++) activity[at] = steady * activity[at] + (1 - steady) * now[at];
}

function reorder() {
  const held = byId('hold').getAttribute('aria-pressed') === 'true';
  if (ordered && (held || performance.now() - ordered < REORDER_EVERY)) return;
  ordered = performance.now();
  order.sort((a, b) => activity[b] - activity[a]);
  nameTiles();
}

/**
 * Shows in the strip what each layer makes of the picture: the most active of its first maps.
 * @param {Record<string, Maps>} all
 */
export function showStrip(all) {
  for (const button of strip.querySelectorAll('button')) {
    const maps = all[String(button.dataset.layer)];
    if (!maps) continue;
    const canvas = /** @type {HTMLCanvasElement} */ (button.firstChild);
    if (maps.height * maps.width === 1) {
      const side = Math.ceil(Math.sqrt(maps.channels));
      const values = new Float32Array(side * side).fill(rangeOf(maps.values)[0]);
      values.set(maps.values);
      paint(canvas, { width: side, height: side, values }, rangeOf(values));
      continue;
    }
    const some = Array.from({ length: maps.channels }, (_, at) => channelOf(maps, at));
    const sum = (/** @type {Float32Array} */ values) => values.reduce((a, b) => a + Math.abs(b), 0);
    const best = some.reduce((a, b) => (sum(b.values) > sum(a.values) ? b : a));
    paint(canvas, best, rangeOf(best.values));
  }
}

export function startLayers() {
  arrows(strip, (button) => button.click());
  arrows(grid);
  byId('scale').addEventListener('change', () => showMaps(latest));
  for (const id of ['hold', 'blend']) {
    const button = byId(id);
    button.addEventListener('click', () => {
      button.setAttribute('aria-pressed', String(button.getAttribute('aria-pressed') !== 'true'));
      showMaps(latest);
    });
  }
  byId('more').addEventListener('click', () => {
    chosen.all = true;
    const layer = network.layers.find(({ name }) => name === chosen.layer);
    if (layer) fillGrid(layer);
    showMaps(latest);
    /** @type {HTMLElement | undefined} */ (grid.children[FIRST])?.focus();
  });
}
