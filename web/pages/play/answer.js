// The poster: the winning label large, its shape, a bar per class; and the calm states around an answer.

import { KNOWN } from '../../lib/contract.js';
import { byId, make } from '../dom.js';
import { SHAPES, shape } from '../shapes.js';

/** More classes than this, and only the best are shown. */
const MOST_BARS = 6;

/** A screen reader hears an answer that has stood this long, and not more often than it can be said. */
const SPOKEN_AFTER = 700;

const WORDS = /** @type {Record<string, string>} */ ({
  2: 'two',
  3: 'three',
  4: 'four',
  5: 'five',
  6: 'six',
});

/** @type {readonly string[]} */
let labels = [];
/** The model says by itself whether a picture is one of the labels; else the most probable one must be sure enough. */
let byFamiliarity = false;
/** The bars: of every label, or of the best where there are many. @type {Row[]} */
let rows = [];
const familiar = familiarRow();
let spoken = '';
/** @type {ReturnType<typeof setTimeout> | undefined} */
let speaking;
let drawn = '';

/**
 * A label as people read it.
 * @param {string} label
 */
export function words(label) {
  const text = label.replaceAll('_', ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/**
 * @param {readonly string[]} names
 * @param {{score: string, threshold: number}} [rule] when the model answers unknown
 */
export function setLabels(names, rule) {
  labels = names;
  rows = names.slice(0, MOST_BARS).map(bar);
  byId('bars').replaceChildren(...rows.map(({ item }) => item));
  byFamiliarity = rule?.score === KNOWN;
  byId('familiar').hidden = true;
  const line = /** @type {HTMLElement} */ (byId('known').querySelector('b'));
  line.hidden = !byFamiliarity;
  line.style.left = `${100 * (rule?.threshold ?? 0)}%`;
}

/**
 * A row of the poster: a name, a meter, and its value in words.
 * @typedef {{item: HTMLElement, name: HTMLElement, meter: HTMLElement, fill: HTMLElement, value: HTMLElement,
 *   label: string, share: number}} Row
 */

/** @param {string} label @returns {Row} */
function bar(label) {
  const meter = make('div', {
    role: 'meter',
    class: 'meter',
    'aria-valuemin': '0',
    'aria-valuemax': '100',
    'aria-valuenow': '0',
  });
  const fill = make('i');
  meter.append(fill);
  const name = make('span', { class: 'bar-name' });
  const value = make('span', { class: 'bar-value' }, '0 %');
  const row = { item: make('li', {}, name, meter, value), name, meter, fill, value, label: '', share: 0 };
  rename(row, label);
  return row;
}

/** @param {Row} row @param {string} label */
function rename(row, label) {
  if (row.label === label) return;
  row.label = label;
  row.item.dataset.label = label;
  row.meter.dataset.testid = `bar-${label}`;
  row.meter.setAttribute('aria-label', words(label));
  row.name.replaceChildren(shape(label), make('span', {}, words(label)));
}

/** @returns {Row} */
function familiarRow() {
  const item = byId('familiar');
  const meter = byId('known');
  return {
    item,
    name: /** @type {HTMLElement} */ (item.firstElementChild),
    meter,
    fill: /** @type {HTMLElement} */ (meter.firstElementChild),
    value: /** @type {HTMLElement} */ (item.lastElementChild),
    label: '',
    share: 0,
  };
}

/**
 * Shows that there is nothing to answer: loading, waiting for a picture, or broken.
 * @param {'loading' | 'idle' | 'error'} state
 * @param {string} title
 * @param {string} aside
 */
export function showState(state, title, aside) {
  set(state, '', '', title, aside, '');
  for (const row of rows) setMeter(row, 0);
  setMeter(familiar, 0);
  say('');
}

/** @param {import('../../lib/results.js').Results} results */
export function showResults(results) {
  const [best] = results;
  if (results.unknown) {
    const all = `the ${WORDS[labels.length] ?? labels.length}`;
    const none = byFamiliarity ? `Looks like none of ${all}.` : `None of ${all}, or not clear enough.`;
    const nearest = `Nearest: ${best.label.replaceAll('_', ' ')}.`;
    set('unknown', 'unknown', String(best.confidence), 'Not sure', `${nearest} ${none}`, '');
    say(`Not sure. ${nearest}`);
  } else {
    set('known', best.label, String(best.confidence), words(best.label), '', percent(best.confidence));
    say(`${words(best.label)}, ${percent(best.confidence)}.`);
  }
  setBars(results);
  byId('familiar').hidden = results.known === undefined;
  setMeter(familiar, results.known ?? 0);
}

/** All labels keep their places; of many, the best stand there in their order. @param {import('../../lib/results.js').Results} results */
function setBars(results) {
  const best = results.slice(0, MOST_BARS);
  if (labels.length > MOST_BARS) {
    for (const [place, row] of rows.entries()) rename(row, best[place].label);
  }
  for (const { label, confidence } of best) {
    const row = rows.find((one) => one.label === label);
    if (row) setMeter(row, confidence);
  }
}

/**
 * @param {string} state
 * @param {string} label
 * @param {string} confidence
 * @param {string} title
 * @param {string} aside
 * @param {string} certainty
 */
function set(state, label, confidence, title, aside, certainty) {
  const poster = byId('answer');
  Object.assign(poster.dataset, { state, label, confidence });
  write(byId('verdict'), title);
  byId('verdict').classList.toggle('long', title.length > 9);
  fit(title);
  write(byId('confidence'), certainty);
  write(byId('aside'), aside);
  draw(state === 'known' ? [label] : labels.every((name) => SHAPES.includes(name)) ? labels : []);
}

/** Tells the style sheet how long the longest word is. @param {string} title */
function fit(title) {
  const signs = String(Math.max(4, ...title.split(/\s+/).map(({ length }) => length)));
  const { style } = byId('answer');
  if (style.getPropertyValue('--signs') !== signs) style.setProperty('--signs', signs);
}

/** @param {readonly string[]} names */
function draw(names) {
  if (drawn === names.join('\n')) return;
  drawn = names.join('\n');
  byId('figure').replaceChildren(...names.map(shape));
}

/**
 * Writes only what is new: most bars stand still while the page draws 60 times a second.
 * @param {Row} row
 * @param {number} share
 */
function setMeter(row, share) {
  const rounded = Math.round(share * 1000) / 1000;
  if (row.share === rounded) return;
  row.share = rounded;
  row.meter.setAttribute('aria-valuenow', (rounded * 100).toFixed(1));
  row.meter.setAttribute('aria-valuetext', percent(share));
  row.fill.style.transform = `scaleX(${rounded})`;
  write(row.value, percent(share));
}

/** @param {HTMLElement} element @param {string} text */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** 100 % only where it is certain to the digit shown. @param {number} share */
export function percent(share) {
  const whole = Math.round(share * 100);
  return `${whole === 100 && share < 0.995 ? 99 : whole} %`;
}

/** @param {string} sentence */
function say(sentence) {
  const subject = sentence.split(',')[0];
  if (subject === spoken) return;
  spoken = subject;
  clearTimeout(speaking);
  speaking = setTimeout(() => {
    byId('live').textContent = sentence;
  }, SPOKEN_AFTER);
}
