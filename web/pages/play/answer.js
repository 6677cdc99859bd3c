// The poster: the winning label large, its shape, a bar per class; and the calm states around an answer.

import { KNOWN } from '../lib/contract.js';
import { byId, make } from './dom.js';
import { SHAPES, shape } from './shapes.js';

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
  byId('bars').replaceChildren(...names.slice(0, MOST_BARS).map(bar));
  byFamiliarity = rule?.score === KNOWN;
  byId('familiar').hidden = true;
  const line = /** @type {HTMLElement} */ (byId('known').querySelector('b'));
  line.hidden = !byFamiliarity;
  line.style.left = `${100 * (rule?.threshold ?? 0)}%`;
}

/** @param {string} label */
function bar(label) {
  const meter = make('div', {
    role: 'meter',
    class: 'meter',
    'data-testid': `bar-${label}`,
    'aria-label': words(label),
    'aria-valuemin': '0',
    'aria-valuemax': '100',
    'aria-valuenow': '0',
  });
  meter.append(make('i'));
  const name = make('span', { class: 'bar-name' }, words(label));
  name.prepend(shape(label));
  return make('li', { 'data-label': label }, name, meter, make('span', { class: 'bar-value' }, '0 %'));
}

/**
 * Shows that there is nothing to answer: loading, waiting for a picture, or broken.
 * @param {'loading' | 'idle' | 'error'} state
 * @param {string} title
 * @param {string} aside
 */
export function showState(state, title, aside) {
  set(state, '', '', title, aside, '');
  for (const label of labels) setBar(label, 0);
  setMeter(byId('familiar'), 0);
  say('');
}

/** @param {{loaded: number, total: number}} progress */
export function showProgress({ loaded, total }) {
  const kilobytes = (/** @type {number} */ bytes) => Math.ceil(bytes / 1000).toLocaleString('en');
  byId('aside').textContent = `Loading the model: ${kilobytes(loaded)} of ${kilobytes(total)} KB`;
  byId('answer').style.setProperty('--loaded', String(total ? loaded / total : 0));
}

/** @param {import('../lib/results.js').Results} results */
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
  if (labels.length > MOST_BARS) setLabelsShown(results);
  for (const { label, confidence } of results) setBar(label, confidence);
  byId('familiar').hidden = results.known === undefined;
  setMeter(byId('familiar'), results.known ?? 0);
}

/** @param {import('../lib/results.js').Results} results */
function setLabelsShown(results) {
  const shown = results.slice(0, MOST_BARS).map(({ label }) => label);
  const now = [...byId('bars').children].map((row) => /** @type {HTMLElement} */ (row).dataset.label);
  if (shown.join('\n') !== now.join('\n')) byId('bars').replaceChildren(...shown.map(bar));
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
  byId('verdict').textContent = title;
  byId('verdict').classList.toggle('long', title.length > 9);
  byId('confidence').textContent = certainty;
  byId('aside').textContent = aside;
  if (state !== 'loading') poster.style.removeProperty('--loaded');
  draw(state === 'known' ? [label] : labels.every((name) => SHAPES.includes(name)) ? labels : []);
}

/** @param {readonly string[]} names */
function draw(names) {
  if (drawn === names.join('\n')) return;
  drawn = names.join('\n');
  byId('figure').replaceChildren(...names.map(shape));
}

/**
 * @param {string} label
 * @param {number} confidence
 */
function setBar(label, confidence) {
  const row = byId('bars').querySelector(`li[data-label="${CSS.escape(label)}"]`);
  if (row) setMeter(row, confidence);
}

/**
 * @param {Element} row a name, a meter, and its value in words
 * @param {number} share
 */
function setMeter(row, share) {
  const meter = /** @type {HTMLElement} */ (row.querySelector('.meter'));
  meter.setAttribute('aria-valuenow', (share * 100).toFixed(1));
  meter.setAttribute('aria-valuetext', percent(share));
  /** @type {HTMLElement} */ (meter.firstElementChild).style.transform = `scaleX(${share})`;
  /** @type {HTMLElement} */ (row.lastElementChild).textContent = percent(share);
}

/** 100 % only where it is certain to the digit shown. @param {number} share */
function percent(share) {
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
