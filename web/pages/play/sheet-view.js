// The sheet of many pictures on the page: how far it is, what was answered how often, the tiles, the CSV.

import { UNKNOWN } from '../../lib/results.js';
import { byId, make } from '../dom.js';
import { clearMessage, showMessage } from '../message.js';
import { save } from '../save.js';
import { words } from './answer.js';
import { toCsv } from './csv.js';
import { read } from './pictures.js';
import { arranged, counted, Sheet } from './sheet.js';
import { state } from './state.js';
import { Tiles } from './tiles.js';

/** While it runs, the sheet is arranged anew this often, in milliseconds. */
const EVERY = 400;

const section = byId('sheet');
const sort = byId('sheet-sort', HTMLSelectElement);
const stop = byId('sheet-stop', HTMLButtonElement);
const progress = byId('sheet-progress', HTMLProgressElement);

/** @type {Sheet | null} */
let sheet = null;
/** The model that its answers are from. */
let model = '';
/** The answer that alone is shown, or ''. */
let only = '';
/** @type {AbortController | null} */
let running = null;
/** @type {ReturnType<typeof setInterval> | undefined} */
let ticking;
/** It begins as soon as there is a model. */
let waiting = false;
let begun = { time: 0, done: 0 };

/** @type {(file: File) => void} */
let onLook = () => {};
const tiles = new Tiles(byId('tiles'), byId('tile-list'), (row) => onLook(row.file));

/** @param {(file: File) => void} look called with a picture that is to be shown large */
export function whenChosen(look) {
  onLook = look;
}

/** @param {import('./dropped.js').Found[]} found */
export function openSheet(found) {
  closeSheet();
  sheet = new Sheet(found);
  only = '';
  byId('sheet-problems').hidden = true;
  byId('sheet-problems').querySelector('ul')?.replaceChildren();
  section.hidden = false;
  section.scrollIntoView({ block: 'start' });
  byId('sheet-title').focus({ preventScroll: true });
  run();
}

/** To be called when a model is ready. */
export function modelReady() {
  if (waiting) run();
  else showAll();
}

function closeSheet() {
  waiting = false;
  running?.abort();
  running = null;
  sheet?.dispose();
  sheet = null;
  section.hidden = true;
  tiles.show([]);
}

async function run() {
  const { classifier } = state;
  if (!sheet || running) return;
  if (!classifier) {
    waiting = true;
    note('Waiting for the model.');
    showAll();
    return;
  }
  if (model !== state.model && sheet.answered.length) sheet.again();
  model = state.model;
  waiting = false;
  const mine = new AbortController();
  const own = sheet;
  running = mine;
  begun = { time: performance.now(), done: own.done };
  note('');
  clearMessage('sheet');
  showAll();
  clearInterval(ticking);
  ticking = setInterval(showAll, EVERY);
  try {
    await own.run(read, (picture) => classify(classifier, picture, mine), mine.signal);
  } catch (error) {
    if (state.classifier === classifier) showMessage('sheet', error);
  }
  if (running !== mine) return; // another sheet, or none
  running = null;
  clearInterval(ticking);
  note(ended(own));
  showAll();
}

/**
 * @param {import('../../pytrain.js').ImageClassifier} classifier
 * @param {any} picture
 * @param {AbortController} run ends where another model has taken the place of this one
 */
async function classify(classifier, picture, run) {
  try {
    return await classifier.classify(picture);
  } catch (error) {
    if (state.classifier !== classifier) run.abort();
    throw error;
  }
}

/** @param {Sheet} own */
function ended({ done, total, problems }) {
  if (done < total) {
    const changed = state.model !== model ? ' Another model was chosen.' : '';
    return `Stopped at ${number(done)} of ${number(total)}.${changed}`;
  }
  const unreadable = problems.length ? `, ${number(problems.length)} could not be read` : '';
  return `All ${number(total)} looked at by ${model}${unreadable}.`;
}

/** Everything about the sheet, as it is now. */
function showAll() {
  if (!sheet) return;
  const { total, done, rows, problems, answered } = sheet;
  byId('sheet-title').textContent = total === 1 ? 'One file' : `${number(total)} files`;
  progress.hidden = !running;
  progress.value = total ? done / total : 1;
  if (running) byId('sheet-note').textContent = '';
  byId('sheet-count').textContent = running ? `${number(done)} of ${number(total)}${left()}` : '';
  byId('sheet-csv', HTMLButtonElement).disabled = answered.length === 0;
  showStop(done < total);
  showFilter(counted(rows), rows.length);
  showProblems(problems);
  tiles.show(arranged(rows, sort.value, only));
}

/** @param {boolean} more some are waiting */
function showStop(more) {
  const other = Boolean(model) && state.model !== model;
  stop.hidden = !running && !more && !other;
  stop.textContent = running ? 'Stop' : other ? `Again with ${state.model}` : 'Go on';
}

/** How long it will take, once it is known. */
function left() {
  const { total = 0, done = 0 } = sheet ?? {};
  const each = (performance.now() - begun.time) / (done - begun.done);
  if (done - begun.done < 20) return '';
  const seconds = (each * (total - done)) / 1000;
  if (seconds < 10) return ', a few seconds left';
  if (seconds < 90) return `, ${Math.round(seconds / 10) * 10} seconds left`;
  return `, ${Math.round(seconds / 60)} minutes left`;
}

/**
 * @param {[string, number][]} counts
 * @param {number} all
 */
function showFilter(counts, all) {
  if (only && !counts.some(([answer]) => answer === only)) only = '';
  const group = byId('sheet-filter');
  const wanted = /** @type {[string, number][]} */ ([['', all], ...counts]);
  const chips = /** @type {HTMLButtonElement[]} */ ([...group.children]);
  const same = chips.length === wanted.length && wanted.every(([answer], at) => chips[at].value === answer);
  // Kept where they are, or the one under the finger or the keyboard would be gone.
  if (!same)
    group.replaceChildren(
      ...wanted.map(([answer]) => chips.find(({ value }) => value === answer) ?? chip(answer)),
    );
  wanted.forEach(([answer, count], at) => {
    const button = /** @type {HTMLButtonElement} */ (group.children[at]);
    button.setAttribute('aria-pressed', String(answer === only));
    /** @type {HTMLElement} */ (button.lastElementChild).textContent = number(count);
  });
}

/** @param {string} answer */
function chip(answer) {
  const name = answer === '' ? 'All' : answer === UNKNOWN ? 'Not sure' : words(answer);
  const button = make('button', { type: 'button', value: answer }, `${name} `, make('span'));
  button.addEventListener('click', () => {
    only = answer;
    showAll();
  });
  return button;
}

/** @param {import('./sheet.js').Problem[]} problems */
function showProblems(problems) {
  const details = byId('sheet-problems');
  const list = /** @type {HTMLElement} */ (details.querySelector('ul'));
  details.hidden = problems.length === 0;
  const fresh = problems.slice(list.children.length);
  list.append(...fresh.map(({ path, why }) => make('li', {}, make('strong', {}, path), ` ${why}`)));
  const count = problems.length === 1 ? 'One file' : `${number(problems.length)} files`;
  /** @type {HTMLElement} */ (details.querySelector('summary')).textContent = `${count} could not be read`;
}

/** @param {string} text read aloud, once */
function note(text) {
  byId('sheet-note').textContent = text;
}

/** @param {number} value */
function number(value) {
  return value.toLocaleString('en');
}

stop.addEventListener('click', () => {
  if (running) running.abort();
  else run();
});
sort.addEventListener('change', showAll);
byId('sheet-close').addEventListener('click', closeSheet);
byId('sheet-csv').addEventListener('click', () => {
  if (!sheet) return;
  save(new Blob([toCsv(sheet.rows)], { type: 'text/csv' }), `${model}.csv`);
});
