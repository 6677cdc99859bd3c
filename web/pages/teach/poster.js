// The answer, large, in the colour of its class; and how sure it is of each.

import { byId, make } from '../dom.js';
import { paint } from './colours.js';
import { studio } from './studio.js';

/** More classes than this, and only the best are shown. */
const MOST_BARS = 8;

/** From so many letters on the name is set smaller. */
const LONG = 10;
const LONGEST = 22;

/** A screen reader hears an answer that has stood this long. */
const SPOKEN_AFTER = 700;

const poster = byId('answer');
const bars = byId('bars');

/** @type {readonly string[]} */
let labels = [];
let spoken = '';
/** @type {ReturnType<typeof setTimeout> | undefined} */
let speaking;

/** @param {string} label */
function colourOf(label) {
  return studio.project?.classes.find(({ name }) => name === label)?.colour ?? '#8d8e88';
}

/** @param {readonly string[]} names */
export function setLabels(names) {
  // In the order of the page, whatever the model's is.
  const order = studio.project?.classes.map(({ name }) => name) ?? [];
  const place = (/** @type {string} */ name) => (order.indexOf(name) + order.length + 1) % (order.length + 1);
  labels = [...names].sort((a, b) => place(a) - place(b));
  const shown = labels.slice(0, MOST_BARS);
  bars.replaceChildren(...shown.map(bar));
}

/** @param {string} label */
function bar(label) {
  const meter = make('div', {
    role: 'meter',
    class: 'share',
    'aria-label': label,
    'aria-valuemin': '0',
    'aria-valuemax': '100',
    'aria-valuenow': '0',
  });
  meter.append(make('i'));
  const chip = make('i', { class: 'chip' });
  chip.style.setProperty('--chip', colourOf(label));
  const name = make('span', { class: 'share-name', title: label }, chip, make('span', {}, label));
  return make('li', { 'data-label': label }, name, meter, make('span', { class: 'share-value' }, '0 %'));
}

/**
 * Nothing to answer, and why.
 * @param {'idle' | 'loading' | 'error'} state
 * @param {string} title
 * @param {string} aside
 */
export function showState(state, title, aside) {
  set(state, '', '', title, aside, null);
  for (const label of labels) setBar(label, 0);
  hear('');
}

/** @param {import('../../lib/results.js').Results} results */
export function showResults(results) {
  const [best] = results;
  if (results.unknown) {
    set('unknown', 'unknown', String(best.confidence), 'Not sure', `Nearest: ${best.label}.`, null);
    hear('Not sure.');
  } else {
    set('known', best.label, String(best.confidence), best.label, '', colourOf(best.label));
    byId('confidence').textContent = percent(best.confidence);
    hear(`${best.label}.`);
  }
  if (labels.length > MOST_BARS) {
    const shown = results.slice(0, MOST_BARS).map(({ label }) => label);
    bars.replaceChildren(...shown.map(bar));
  }
  for (const { label, confidence } of results) setBar(label, confidence);
}

/**
 * @param {string} state
 * @param {string} label
 * @param {string} confidence
 * @param {string} title
 * @param {string} aside
 * @param {string | null} colour
 */
function set(state, label, confidence, title, aside, colour) {
  Object.assign(poster.dataset, { state, label, confidence });
  const verdict = byId('verdict');
  if (verdict.textContent !== title) verdict.textContent = title;
  const longestWord = Math.max(...title.split(/\s+/).map(({ length }) => length));
  const length = Math.max(longestWord * 1.4, title.length * 0.75);
  verdict.classList.toggle('word-long', length > LONG);
  verdict.classList.toggle('word-longest', length > LONGEST);
  byId('confidence').textContent = '';
  byId('aside').textContent = aside;
  if (colour) {
    paint(poster, colour);
  } else {
    poster.style.removeProperty('--colour');
    poster.style.removeProperty('--on-colour');
  }
}

/**
 * @param {string} label
 * @param {number} share
 */
function setBar(label, share) {
  const row = bars.querySelector(`li[data-label="${CSS.escape(label)}"]`);
  if (!row) return;
  const meter = /** @type {HTMLElement} */ (row.querySelector('.share'));
  meter.setAttribute('aria-valuenow', (share * 100).toFixed(1));
  /** @type {HTMLElement} */ (meter.firstElementChild).style.transform = `scaleX(${share})`;
  /** @type {HTMLElement} */ (row.lastElementChild).textContent = percent(share);
}

/** 100 % only where it is certain to the digit shown. @param {number} share */
export function percent(share) {
  const whole = Math.round(share * 100);
  return `${whole === 100 && share < 0.995 ? 99 : whole} %`;
}

/** @param {string} sentence */
function hear(sentence) {
  if (sentence === spoken) return;
  spoken = sentence;
  clearTimeout(speaking);
  speaking = setTimeout(() => {
    byId('heard').textContent = sentence;
  }, SPOKEN_AFTER);
}
