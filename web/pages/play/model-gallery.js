// All models to choose from: a picture of each, what it tells apart, how often it is right, how large it is.

import { base } from '../../lib/version.js';
import { byId, make } from '../dom.js';
import { optionText, rightText } from '../models.js';
import { shape } from '../shapes.js';
import { words } from './answer.js';

/** @typedef {import('./gallery-models.js').Entry} Entry */

/** More than this, and they stand closer together and can be searched. */
const FEW = 8;

/** Names of classes that are shown; the others are counted. */
const MOST_LABELS = 6;

const list = byId('gallery');
const find = byId('find', HTMLInputElement);

/** @type {Entry[]} */
let models = [];
/** @type {(model: Entry) => void} */
let choose = () => {};
/** Pictures of models that are kept here, to be let go when the list is made again. @type {string[]} */
let urls = [];

/** @param {(model: Entry) => void} onChoose */
export function openGallery(onChoose) {
  choose = onChoose;
}

/**
 * @param {Entry[]} all
 * @param {string} chosen address of the one in use
 */
export function showGallery(all, chosen) {
  models = all;
  for (const url of urls) URL.revokeObjectURL(url);
  urls = [];
  list.replaceChildren(...models.map(option));
  list.classList.toggle('many', models.length > FEW);
  byId('find-field').hidden = models.length <= FEW;
  markChosen(chosen);
  filter();
}

/** @param {string} chosen its address */
export function markChosen(chosen) {
  for (const one of options()) one.setAttribute('aria-selected', String(one.dataset.address === chosen));
  const own = options().find(({ dataset }) => dataset.address === chosen) ?? options()[0];
  if (own) reach(own);
}

/** @param {Entry} model */
function option(model) {
  const { name, address, error } = model;
  const item = make('div', {
    role: 'option',
    class: error ? 'model-entry broken' : 'model-entry',
    'data-testid': `model-${name}`,
    'data-address': address,
    'aria-selected': 'false',
    tabindex: '-1',
  });
  item.append(picture(model), make('span', { class: 'model-text' }, ...text(model)));
  return item;
}

/** @param {Entry} model */
function text({ name, labels = [], bytes, own, error, ...model }) {
  const title = make('strong', { class: 'model-name' }, name);
  if (error) return [title, make('span', { class: 'wrong' }, `Cannot be used: ${error.what}`)];
  const facts = [rightText({ name, ...model }), bytes ? sizeText(bytes) : '', own ? 'in this browser' : ''];
  return [
    title,
    make('span', { class: 'model-labels' }, labelsText(labels)),
    make('span', { class: 'hint' }, facts.filter(Boolean).join(', ')),
  ];
}

/** @param {Entry} model */
function picture({ thumbnail, labels, error }) {
  const sign = () => shape(error ? '!' : (labels?.[0] ?? ''));
  const frame = make('span', { class: 'model-picture', 'aria-hidden': 'true' });
  if (!thumbnail || error) {
    frame.append(sign());
    return frame;
  }
  const image = make('img', { src: addressOf(thumbnail), alt: '', loading: 'lazy', decoding: 'async' });
  // Where the picture has gone, the sign of the first class says more than a gap.
  image.addEventListener('error', () => image.replaceWith(sign()));
  frame.append(image);
  return frame;
}

/** @param {string | Blob} thumbnail */
function addressOf(thumbnail) {
  // Named from the root of our site, which may lie below a path of another one.
  if (typeof thumbnail === 'string') return new URL(thumbnail.replace(/^[/]/, ''), base).href;
  const url = URL.createObjectURL(thumbnail);
  urls.push(url);
  return url;
}

/** @param {readonly string[]} labels */
function labelsText(labels) {
  const shown = labels
    .slice(0, MOST_LABELS)
    .map((label, at) => (at ? words(label).toLowerCase() : words(label)));
  const more = labels.length - shown.length;
  return shown.join(', ') + (more > 0 ? ` and ${more.toLocaleString('en')} more` : '');
}

/** @param {number} bytes */
function sizeText(bytes) {
  const kilobytes = Math.ceil(bytes / 1000);
  return kilobytes < 1000 ? `${kilobytes} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

function options() {
  return /** @type {HTMLElement[]} */ ([...list.children]);
}

/** One of them is in the order of the Tab key: the last that was reached. @param {HTMLElement} option */
function reach(option) {
  for (const other of options()) other.tabIndex = other === option ? 0 : -1;
}

/** Shows those whose name, figure or classes hold what is looked for. */
function filter() {
  const wanted = find.value.trim();
  models.forEach((model, place) => {
    const text = [optionText(model), ...(model.labels ?? [])].join('\n').toLowerCase();
    options()[place].hidden = !text.includes(wanted.toLowerCase());
  });
  const visible = options().filter(({ hidden }) => !hidden);
  byId('gallery-none').textContent =
    visible.length || !wanted ? '' : `None of the ${models.length} models has “${wanted}”.`;
  if (visible.length && !visible.some(({ tabIndex }) => tabIndex === 0)) reach(visible[0]);
}

/** @param {HTMLElement} option */
function take(option) {
  const model = models.find(({ address }) => address === option.dataset.address);
  reach(option);
  if (model) choose(model);
}

/**
 * The one that a key leads to, as they are seen on the page.
 * @param {HTMLElement[]} among
 * @param {HTMLElement} from
 * @param {string} key
 */
function next(among, from, key) {
  const place = among.indexOf(from);
  const columns = among.filter(({ offsetTop }) => offsetTop === among[0].offsetTop).length;
  const step = {
    ArrowRight: 1,
    ArrowLeft: -1,
    ArrowDown: columns,
    ArrowUp: -columns,
    Home: -place,
    End: among.length,
  }[key];
  return step === undefined ? undefined : among[Math.min(Math.max(place + step, 0), among.length - 1)];
}

/** @param {EventTarget | null} target @returns {HTMLElement | null} */
function optionOf(target) {
  return /** @type {HTMLElement} */ (target).closest('[role="option"]');
}

list.addEventListener('click', ({ target }) => {
  const option = optionOf(target);
  if (option) take(option);
});
list.addEventListener('keydown', (event) => {
  const option = optionOf(event.target);
  if (!option || event.ctrlKey || event.metaKey || event.altKey) return;
  const visible = options().filter(({ hidden }) => !hidden);
  const to = next(visible, option, event.key);
  if (event.key === 'Enter' || event.key === ' ') take(option);
  else if (to) {
    reach(to);
    to.focus();
  } else return;
  event.preventDefault();
  event.stopPropagation();
});
find.addEventListener('input', filter);
