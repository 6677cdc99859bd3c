// Training in the browser: the button, how far it is, the learning curve, and what came of it.

import { UNKNOWN } from '../../lib/studio/names.js';
import { trainHere } from '../../lib/studio/trainer.js';
import { byId, make } from '../dom.js';
import { bytesOf, shareOf } from '../load-bar.js';
import { clearMessage, showMessage } from '../message.js';
import { Curve } from './curve.js';
import { extractor } from './extractor.js';
import { newsFor } from './news.js';
import { percent } from './poster.js';
import { duration, Progress } from './progress.js';
import { modelsOf, rememberModels } from './remembered.js';
import { say } from './say.js';
import { inFrame, on, plural, project, studio, tell } from './studio.js';
import { keepHere, nameHere } from './trained.js';

const button = byId('train-here', HTMLButtonElement);
const progress = new Progress(byId('here-progress'));
const report = byId('here-report');

/** What each phase is called, and its share of the whole bar: from, to. @type {Record<string, [string, number, number]>} */
const PHASES = {
  embedding: ['Looking at the pictures', 0, 0.6],
  training: ['Learning', 0.6, 0.95],
  checking: ['Checking', 0.95, 1],
};

/** @type {AbortController | null} */
let running = null;

async function train() {
  const control = new AbortController();
  running = control;
  studio.learning = true;
  clearMessage('here');
  tell('busy');
  showButton();
  const curve = new Curve();
  curve.element.setAttribute('hidden', '');
  progress.begin('Training here', curve.element);
  progress.show('Getting ready', '', null);
  /** @type {import('./curve.js').Round[]} */
  const rounds = [];
  const begin = performance.now();
  const drawCurve = inFrame(() => {
    curve.element.removeAttribute('hidden');
    curve.show(rounds);
  });
  try {
    const owner = project();
    const name = await nameHere();
    const network = await extractor((come) =>
      progress.show('Loading the network', bytesOf(come), shareOf(come)),
    );
    const { files, metrics, curves, full } = await trainHere(owner, network, {
      name,
      signal: control.signal,
      onProgress: (step) => {
        showStep(step);
        const { loss, accuracy, heldOut } = step;
        if (loss === undefined || accuracy === undefined) return;
        rounds.push({ loss, accuracy, heldOut });
        drawCurve();
      },
    });
    const seconds = (performance.now() - begin) / 1000;
    if (owner !== studio.project) return;
    if (full) tellFull();
    const labels = JSON.parse(String(files['metadata.json'])).labels;
    const judged = metrics.heldOut.n > 0 ? metrics.heldOut : metrics.crossValidation;
    await keepHere(files, name, { labels, accuracy: judged.accuracy ?? undefined });
    const { n } = metrics.heldOut;
    rememberModels(owner.name, { learned: { seconds, n, accuracy: judged.accuracy, curves: short(curves) } });
    showReport();
    say(`Trained in ${duration(seconds)}.`);
  } catch (error) {
    if (control.signal.aborted) say('Training stopped.');
    else showMessage('here', error, { label: 'Train again', run: train });
  } finally {
    running = null;
    studio.learning = false;
    progress.end();
    tell('busy');
    showButton();
  }
}

let toldFull = false;

/** Once: nothing is lost by it but time. */
function tellFull() {
  if (toldFull) return;
  toldFull = true;
  showMessage('here', {
    what: 'It has learned, but the storage that this browser gives the page is full.',
    fix: 'When the page is opened again, the next training takes longer. Save the project as a file, then delete models or projects here that you no longer need.',
  });
}

/** @param {import('../../lib/studio/trainer.js').Progress} step */
function showStep({ phase, done, total }) {
  const [title, from, to] = PHASES[phase];
  const share = total ? done / total : 1;
  const detail = phase === 'embedding' ? `${done.toLocaleString('en')} of ${total.toLocaleString('en')}` : '';
  progress.show(title, detail, from + (to - from) * share);
}

/** Enough digits for a curve. @param {{loss: number[], accuracy: number[], heldOut: number[]}} curves */
function short({ loss, accuracy, heldOut }) {
  const digits = (/** @type {number[]} */ values) => values.map((value) => Math.round(value * 1000) / 1000);
  return { loss: digits(loss), accuracy: digits(accuracy), heldOut: digits(heldOut) };
}

/** How it learned, in a place that can be opened. */
function showReport() {
  const learned = studio.project && studio.trained.here && modelsOf(studio.project.name).learned;
  report.hidden = !learned;
  if (!learned) return;
  const { seconds, n, accuracy, curves } = learned;
  const curve = new Curve();
  curve.show(
    curves.loss.map((loss, at) => ({ loss, accuracy: curves.accuracy[at], heldOut: curves.heldOut[at] })),
  );
  const right = accuracy === null ? '' : `${percent(accuracy)} right on `;
  const which = n
    ? `${plural(n, 'picture')} kept for checking`
    : 'pictures left out in turn, for none were kept';
  const legend = make('p', { class: 'legend' });
  for (const [name, text] of [
    ['accuracy', 'Learned pictures right'],
    ['held-out', 'Kept pictures right'],
    ['loss', 'Loss'],
  ]) {
    if (name === 'held-out' && !curves.heldOut.length) continue;
    legend.append(make('span', { class: name }, make('i', {}), text));
  }
  report.replaceChildren(
    make('summary', {}, `Learned in ${duration(seconds)}`),
    curve.element,
    legend,
    make('p', { class: 'hint' }, `${right}${which}.`),
  );
}

function showButton() {
  const { project: open } = studio;
  button.textContent = running ? 'Stop' : studio.trained.here ? 'Train again' : 'Train here';
  button.disabled = !running && (!open || studio.learning || !canTrain());
  const wanted = !studio.trained.here || (open && newsFor(open, studio.trained.here) !== '');
  button.classList.toggle('primary', !running && Boolean(wanted));
  const { here } = studio.trained;
  byId('here-outcome').textContent = here?.accuracy === undefined ? '' : percent(here.accuracy);
  byId('way-here').dataset.state = running ? 'running' : here ? 'done' : 'idle';
}

/** Two classes with pictures; more is asked for by warnings, and not demanded. */
export function canTrain() {
  const { project: open } = studio;
  if (!open) return false;
  const named = open.classes.filter(({ name }) => name !== UNKNOWN);
  return named.filter(({ id }) => open.images(id).length > 0).length >= 2;
}

button.addEventListener('click', () => {
  if (running) running.abort();
  else train();
});
const later = inFrame(showButton);
for (const event of /** @type {const} */ (['project', 'classes', 'trained', 'busy'])) on(event, later);
on('project', () => running?.abort());
on('trained', showReport);
