// Training in Python: pictures go to the server, a job runs there, and this shows how far it is.

import { className, freeName } from '../../lib/studio/names.js';
import { cancelJob, followJob, listJobs, startTraining } from '../../lib/studio/server.js';
import { base } from '../../lib/version.js';
import { byId, make } from '../dom.js';
import { clearMessage, showMessage } from '../message.js';
import { hardestTest, listModels } from '../models.js';
import { findServer, hasServer, send } from './connection.js';
import { percent } from './poster.js';
import { Progress, timeLeft } from './progress.js';
import { modelsOf, rememberModels } from './remembered.js';
import { say } from './say.js';
import { inFrame, on, plural, project, studio, tell } from './studio.js';
import { canTrain } from './train-here.js';

/** @typedef {import('../../lib/studio/server.js').Job} Job */

/** So many lines of what the training says are shown. */
const MOST_LINES = 400;

/** What the steps that have a bar are called here. @type {Record<string, string>} */
const STEPS = {
  looking: 'Reading the pictures',
  embedding: 'Looking at the pictures',
  'generated scenes': 'Looking at strange things',
  'generated patterns': 'Looking at strange things',
};

/** Lines after which something begins that has none. @type {[RegExp, string][]} */
const BEGINNINGS = [
  [/^embedding: .* prepared$/, 'Learning'],
  [/^generated .* prepared$/, 'Learning what is strange'],
  [/^ {2}right /, 'Judging it'],
  [/^Weights$/, 'Packing it'],
  [/^Writing$/, 'Writing it'],
  [/^Comparing/, 'Comparing it with the browser'],
];

const EPOCH = /^epoch +(\d+)\/(\d+)/;

/** Lines that tell why a training failed. */
const LAST_LINES = 3;

/** The place in the queue is asked for so often, in milliseconds. */
const ASK_QUEUE = 3000;

const button = byId('train-python', HTMLButtonElement);
const hint = byId('python-hint');
const name = byId('python-name', HTMLInputElement);
const progress = new Progress(byId('python-progress'));

/** The server is this computer: what the page does costs the training time. */
const here = ['localhost', '127.0.0.1', '[::1]'].includes(location.hostname);

/** What is going on: the control that ends it, and the job once there is one. */
let running = /** @type {{control: AbortController, job: string | null} | null} */ (null);

async function train() {
  const owner = project();
  const mine = begin();
  const { signal } = mine.control;
  progress.show('Sending the pictures', '', null);
  const sending = send(({ phase, left, total, error }) => {
    const waits = phase === 'waiting';
    const detail = waits ? '' : `${(total - left).toLocaleString('en')} of ${plural(total, 'picture')}`;
    const title = waits
      ? `Waiting: ${/** @type {any} */ (error)?.what ?? 'the server is busy'}`
      : 'Sending the pictures';
    if (!mine.job) progress.show(title, detail, waits || !total ? null : Math.max(0, 1 - left / total));
  });
  try {
    const model = await modelName();
    await sending.settled(signal);
    const fineTune = /** @type {'auto'} */ (byId('fine-tune', HTMLSelectElement).value);
    const seed = Number(byId('seed', HTMLInputElement).value) || 0;
    const job = await startTraining(owner.name, { name: model, fineTune, seed });
    rememberModels(owner.name, { python: model });
    await follow(job, mine);
  } catch (error) {
    if (!signal.aborted) showMessage('python', error, { label: 'Train again', run: train });
  } finally {
    sending.end();
    end(mine);
  }
}

function begin() {
  const mine = { control: new AbortController(), job: /** @type {string | null} */ (null) };
  running = mine;
  clearMessage('python');
  progress.begin('Training in Python');
  showButton();
  return mine;
}

/** @param {NonNullable<typeof running>} mine */
function end(mine) {
  if (running !== mine) return;
  leave();
  showButton();
}

function leave() {
  running = null;
  progress.end();
  learns(false);
}

/** @param {boolean} now */
function learns(now) {
  if (!here || studio.pythonLearns === now) return;
  studio.pythonLearns = now;
  tell('busy');
}

/**
 * @param {Job} job
 * @param {NonNullable<typeof running>} mine
 */
async function follow(job, mine) {
  mine.job = job.id;
  /** @type {string[]} */
  const lines = [];
  const log = make('pre', {
    class: 'log',
    tabindex: '0',
    role: 'region',
    'aria-label': 'What the training says',
  });
  const details = make('details', {}, make('summary', {}, 'Log'), log);
  progress.begin('Training in Python', details);
  const showLog = inFrame(() => {
    const atEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 8;
    log.textContent = lines.join('\n');
    if (atEnd) log.scrollTop = log.scrollHeight;
  });
  const asking = setInterval(() => showQueue(job.id), ASK_QUEUE);
  showQueue(job.id);
  try {
    const ended = await followJob(job.id, {
      signal: mine.control.signal,
      onJob: showJob,
      onLine: (line) => {
        lines.push(line);
        const [, epoch, epochs] = line.match(EPOCH) ?? [];
        if (epochs) showEpoch(Number(epoch), Number(epochs));
        const begins = BEGINNINGS.find(([pattern]) => pattern.test(line));
        if (begins) progress.show(begins[1], '', null);
        if (lines.length > MOST_LINES) lines.shift();
        showLog();
      },
    });
    await tellEnd(ended, lines);
  } finally {
    clearInterval(asking);
  }

  /** @param {string} id */
  async function showQueue(id) {
    const jobs = await listJobs().catch(() => []);
    const at = jobs.findIndex((one) => one.id === id);
    if (jobs[at]?.state !== 'queued' || running !== mine) return;
    const before = jobs.slice(0, at).filter(({ state }) => state === 'queued' || state === 'running').length;
    progress.show('Waiting its turn', before ? `${plural(before, 'training')} before it` : 'next', null);
  }
}

/** @param {Job} job */
function showJob({ state, step, progress: share, eta }) {
  learns(state === 'running');
  if (state !== 'running') return;
  const title = step ? (STEPS[step] ?? step) : 'Starting Python';
  progress.show(title, timeLeft(eta, share), share ?? null);
}

/**
 * @param {number} epoch
 * @param {number} epochs
 */
function showEpoch(epoch, epochs) {
  progress.show('Tuning the whole network', `round ${epoch} of ${epochs}`, epoch / epochs);
}

/**
 * @param {Job} job
 * @param {string[]} lines
 */
async function tellEnd({ state, model }, lines) {
  if (state === 'done') {
    say('Trained in Python.');
    await findPython(model);
    studio.shown = 'python';
    tell('trained');
  } else if (state === 'cancelled') {
    say('Training stopped.');
  } else {
    showMessage(
      'python',
      { what: 'The training in Python broke off.', expected: null, fix: lines.slice(-LAST_LINES).join(' ') },
      { label: 'Train again', run: train },
    );
  }
}

async function stop() {
  if (!running) return;
  const { job, control } = running;
  if (!job) {
    control.abort();
    return;
  }
  button.disabled = true;
  progress.show('Stopping', '', null);
  try {
    await cancelJob(job);
  } catch (error) {
    showMessage('python', error);
    button.disabled = false;
  }
}

/** What it is called on the server: what was typed, its own name again, or one that no other model has. */
async function modelName() {
  const own = modelsOf(project().name).python;
  const { models, problems } = await listModels();
  const taken = [...models, ...problems].map((one) => one.name).filter((one) => one !== own);
  const typed = name.value.trim();
  if (typed === '') return own ?? freeName(project().name, taken);
  const checked = className(typed, taken);
  if (checked.name !== undefined) return checked.name;
  throw Object.assign(new Error(checked.problem), {
    what: `The model cannot be called ${typed}. ${checked.problem}`,
    fix: `Call it ${checked.suggestion}, or leave the field empty.`,
  });
}

/**
 * Looks for the model on the server, or below a published site.
 * @param {string} [wanted]
 */
async function findPython(wanted = modelsOf(project().name).python) {
  const owner = project();
  if (wanted === undefined) return;
  const { models } = await listModels();
  if (owner !== studio.project) return;
  const listed = models.find((one) => one.name === wanted);
  studio.trained.python = listed
    ? {
        name: listed.name,
        address: listed.name,
        open: async () => new URL(`models/${encodeURIComponent(wanted)}/`, base).href,
        labels: listed.labels ?? [],
        accuracy: hardestTest(listed),
      }
    : null;
  showReportLink(listed);
  tell('trained');
}

/** @param {import('../models.js').Listed} [listed] */
function showReportLink(listed) {
  hint.textContent = 'In minutes, full recipe.';
  if (listed?.report) {
    hint.replaceChildren('Full recipe. ', make('a', { href: new URL(listed.report, base).href }, 'Report'));
  }
}

/** A training that goes on while the page was away is found again. */
async function findRunning() {
  const owner = project();
  const own = modelsOf(owner.name).python;
  if (running || own === undefined || !hasServer()) return;
  /** @type {Job[]} */
  const jobs = await listJobs().catch(() => []);
  const job = jobs
    .reverse()
    .find(({ model, state }) => model === own && ['queued', 'running'].includes(state));
  if (!job || running || owner !== studio.project) return;
  const mine = begin();
  try {
    await follow(job, mine);
  } catch (error) {
    if (!mine.control.signal.aborted) showMessage('python', error);
  } finally {
    end(mine);
  }
}

function showButton() {
  const { python } = studio.trained;
  const there = hasServer();
  button.textContent = running ? 'Stop' : python ? 'Train again' : 'Train in Python';
  button.disabled = !running && (!there || !canTrain());
  byId('python-outcome').textContent = python?.accuracy === undefined ? '' : percent(python.accuracy);
  byId('way-python').dataset.state = running ? 'running' : python ? 'done' : 'idle';
  byId('no-server').hidden = there;
  byId('recipe-fields').hidden = !there;
  if (!there && !python) hint.textContent = 'Needs pytrain serve.';
  const { project: open } = studio;
  if (!open) return;
  name.placeholder = modelsOf(open.name).python ?? open.name;
  byId('same-command').textContent = command(open.name, name.value.trim() || name.placeholder);
}

/**
 * @param {string} dataset
 * @param {string} model
 */
function command(dataset, model) {
  const { value: tuned } = byId('fine-tune', HTMLSelectElement);
  const seed = byId('seed', HTMLInputElement).value || '0';
  const further = `${tuned === 'auto' ? '' : ` --fine-tune ${tuned}`}${seed === '0' ? '' : ` --seed ${seed}`}`;
  return `pytrain train "datasets/${dataset}" --out "exported_models/${model}"${further}`;
}

async function look() {
  showReportLink();
  showButton();
  if (!studio.project) return;
  await findPython().catch(() => {}); // without a server there is none
  await findRunning();
}

button.addEventListener('click', () => {
  if (running) stop();
  else train();
});
byId('recipe-fields').addEventListener('input', showButton);
const later = inFrame(showButton);
for (const event of /** @type {const} */ (['classes', 'trained', 'busy'])) on(event, later);
on('server', look);
on('project', () => {
  // The job itself goes on, and is found again when its project is opened.
  running?.control.abort();
  leave();
  name.value = '';
  look();
});
findServer();
