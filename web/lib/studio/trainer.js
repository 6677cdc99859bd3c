// Trains a project's model in the browser, and compares models on the pictures that were held out.

import { imageClassifier } from '../../pytrain.js';
import { fromPlain, PytrainError } from '../errors.js';
import { base } from '../version.js';
import { openBackbone, readOutsiders } from './backbone.js';
import { addGolden, writeBundle } from './bundle-writer.js';
import { StorageFull } from './database.js';
import { embedderOf } from './embedder.js';
import { UNKNOWN } from './names.js';

/** @typedef {import('./project.js').Project} Project */
/** @typedef {import('./embedder.js').Extractor} Extractor */
/** @typedef {import('./fit/heads.js').Fitted} Fitted */

/** Pictures that a bundle carries for clients to check themselves with; and their size, as the exporter's. */
const GOLDEN = 6;
const GOLDEN_SIDE = 120;

/**
 * @typedef {object} Progress
 * @property {'embedding' | 'training' | 'checking'} phase
 * @property {number} done
 * @property {number} total
 * @property {number} [loss]
 * @property {number} [accuracy] on what is learned from, 0 to 1
 * @property {number} [heldOut] on the held-out pictures, 0 to 1
 *
 * @typedef {object} TrainedHere
 * @property {Record<string, Uint8Array<ArrayBuffer> | string>} files a whole bundle
 * @property {Fitted['curves']} curves
 * @property {{heldOut: Fitted['heldOut'], crossValidation: Fitted['crossValidation'], temperature: number, threshold: number,
 *   mirrored: boolean}} metrics
 * @property {boolean} full the storage is full: what was worked out of the pictures is in memory alone
 */

/**
 * Embeds a project's pictures as they come, so that training is quick when it is asked for.
 * @param {Project} project
 * @param {Extractor} extractor featureExtractor of the backbone
 * @param {{onError?: (error: unknown) => void}} [options]
 * @returns {Promise<() => void>} ends it
 */
export async function keepEmbedded(project, extractor, { onError = () => {} } = {}) {
  const { head } = await openBackbone();
  return embedderOf(project, extractor, head).follow(onError);
}

/**
 * Trains a model on the project's pictures, but for those that are held out.
 * @param {Project} project
 * @param {Extractor} extractor featureExtractor of the backbone
 * @param {{onProgress?: (progress: Progress) => void, signal?: AbortSignal, name?: string}} [options] name: of the
 *   model; the project's unless told
 * @returns {Promise<TrainedHere>}
 */
export async function trainHere(
  project,
  extractor,
  { onProgress = () => {}, signal, name = project.name } = {},
) {
  checkClasses(project);
  const backbone = await openBackbone();
  const settled = await settle(project);
  const embedder = embedderOf(project, extractor, backbone.head);
  await embedder.finish({ onProgress: (step) => onProgress({ phase: 'embedding', ...step }), signal });
  signal?.throwIfAborted();
  const outsiders = await readOutsiders(backbone);
  const { lesson, labels, counts } = lessonOf(project, embedder.views(), backbone.head.outsiders.pictures);
  const fitted = await fitInWorker(
    {
      base,
      lesson,
      fit: backbone.head.fit,
      width: backbone.head.width,
      keys: { pictures: embedder.key, views: embedder.keyOfViews },
      held: embedder.held,
      outsiders,
    },
    (step) => onProgress({ phase: 'training', ...step }),
    signal,
  );
  const files = await writeBundle(backbone, { name, labels, ...fitted, ...factsOf(project, fitted, counts) });
  await check(project, name, files, labels, (step) => onProgress({ phase: 'checking', ...step }), signal);
  const { curves, heldOut, crossValidation, temperature, threshold, mirrored } = fitted;
  const metrics = { heldOut, crossValidation, temperature, threshold, mirrored };
  return { files, curves, metrics, full: !settled || embedder.held.size > 0 };
}

/**
 * Decides which pictures are held out.
 * @param {Project} project
 * @returns {Promise<boolean>} false where the storage is full: the same ones are held out, but not yet for good
 */
async function settle(project) {
  try {
    await project.settleHeldOut();
    return true;
  } catch (error) {
    if (!(error instanceof StorageFull)) throw error;
    return false;
  }
}

/**
 * Asks models about the held-out pictures. Classes are matched by their names; a class that a model does not know is
 * answered wrongly by it. Pictures of the class `unknown` are right where the answer is unknown.
 * @param {Project} project
 * @param {import('../../pytrain.js').ImageClassifier[]} classifiers
 * @param {{onProgress?: (progress: {done: number, total: number}) => void, signal?: AbortSignal}} [options]
 * @returns {Promise<{name: string, accuracy: number | null, n: number, labels: string[], confusion: number[][],
 *   wrong: string[]}[]>} labels: of the confusion's rows and columns; the columns have one more, `unknown` or other
 */
export async function compare(project, classifiers, { onProgress = () => {}, signal } = {}) {
  const labels = project.classes.map(({ name }) => name);
  const shots = project.classes.flatMap(({ id, name }) =>
    project.images(id).flatMap((image) => (image.heldOut ? [{ id: image.id, name }] : [])),
  );
  const results = classifiers.map(({ name }) => ({
    name,
    right: 0,
    confusion: labels.map(() => new Array(labels.length + 1).fill(0)),
    wrong: /** @type {string[]} */ ([]),
  }));
  for (const [number, { id, name }] of shots.entries()) {
    signal?.throwIfAborted();
    const bitmap = await createImageBitmap(await project.blob(id));
    for (const [at, classifier] of classifiers.entries()) {
      const found = await classifier.classify(bitmap, classifier.labels.length);
      // The threshold is no class of its own: the best class counts, but where `unknown` is what is asked for.
      const answer = name === UNKNOWN || labels.includes(UNKNOWN) ? found.answer : found[0].label;
      const column = labels.indexOf(answer);
      results[at].confusion[labels.indexOf(name)][column < 0 ? labels.length : column]++;
      if (answer === name) results[at].right++;
      else results[at].wrong.push(id);
    }
    bitmap.close();
    onProgress({ done: number + 1, total: shots.length });
  }
  const n = shots.length;
  return results.map(({ right, ...rest }) => ({ ...rest, labels, n, accuracy: n ? right / n : null }));
}

/** @param {Project} project */
function checkClasses(project) {
  const named = project.classes.filter(({ name }) => name !== UNKNOWN);
  const filled = named.filter(({ id }) => project.images(id).length > 0);
  if (filled.length >= 2) return;
  throw new PytrainError(
    filled.length === 1 ? `Only ${filled[0].name} has pictures.` : 'No class has pictures yet.',
    'at least two classes with pictures',
    'Record some for another class, too.',
  );
}

/**
 * @param {Project} project
 * @param {{id: string, mirrored: boolean}[]} views
 * @param {number} outsiders
 */
function lessonOf(project, views, outsiders) {
  const taken = project.classes.map(({ id, name }) => {
    const images = project.images(id);
    const shots = (/** @type {boolean} */ held) =>
      images.flatMap(({ id, recording, heldOut }) => (heldOut === held ? [{ id, recording }] : []));
    return { name, training: shots(false), heldOut: shots(true) };
  });
  const classes = taken.filter(({ name, training }) => name !== UNKNOWN && training.length > 0);
  const none = taken.find(({ name }) => name === UNKNOWN) ?? { training: [], heldOut: [] };
  return {
    lesson: {
      classes,
      none: { training: none.training, heldOut: none.heldOut },
      views,
      outsiders,
    },
    labels: classes.map(({ name }) => name),
    counts: Object.fromEntries(taken.map(({ name, training }) => [name, training.length])),
  };
}

/**
 * @param {import('./fit/serve.js').Request} request
 * @param {(progress: import('./fit/heads.js').Progress) => void} onProgress
 * @param {AbortSignal} [signal]
 * @returns {Promise<Fitted>}
 */
function fitInWorker(request, onProgress, signal) {
  const worker = new Worker(new URL('trainer.js', base));
  const fitted = new Promise((resolve, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
    worker.onmessage = ({ data }) => {
      if (data.progress) onProgress(data.progress);
      else if (data.error) reject(fromPlain(data.error));
      else resolve(data.fitted);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      const what = event.message
        ? `The training broke off: ${event.message}.`
        : 'trainer.js could not be loaded.';
      reject(new PytrainError(what, null, 'Load the page again; the pictures are kept.'));
    };
    worker.postMessage(request);
  });
  return fitted.finally(() => worker.terminate());
}

/**
 * What metadata.json says of it.
 * @param {Project} project
 * @param {Fitted} fitted
 * @param {Record<string, number>} pictures
 */
function factsOf(project, { temperature, threshold, heldOut, crossValidation, choice, mirrored }, pictures) {
  const judged = heldOut.n > 0 ? heldOut : crossValidation;
  const method = heldOut.n > 0 ? 'held-out pictures' : 'cross-validation';
  return {
    calibration: {
      temperature,
      unknown_threshold: threshold,
      score: 'known',
      ...(judged.calibrationError !== null && { calibration_error_after: judged.calibrationError }),
    },
    metrics: {
      [method]: {
        ...(judged.accuracy !== null && { accuracy: judged.accuracy }),
        pictures: judged.n,
        ...(heldOut.rejected !== null && { rejected: heldOut.rejected }),
      },
    },
    dataset: { name: project.name, pictures },
    training: {
      recipe: 'transfer',
      where: 'in the browser',
      fine_tuned: false,
      strength: choice.strength,
      mirrored_views: mirrored,
    },
  };
}

/**
 * Opens the bundle as every page will, and writes down what it answers to a few pictures.
 * @param {Project} project
 * @param {string} name
 * @param {Record<string, Uint8Array<ArrayBuffer> | string>} files
 * @param {string[]} labels
 * @param {(progress: {done: number, total: number}) => void} onProgress
 * @param {AbortSignal} [signal]
 */
async function check(project, name, files, labels, onProgress, signal) {
  const shown = labels.slice(0, GOLDEN).flatMap((label) => {
    const images = project.images(project.classes.find((one) => one.name === label)?.id ?? '');
    const found = images.find(({ heldOut }) => heldOut) ?? images[0];
    return found ? [{ id: found.id, label }] : [];
  });
  onProgress({ done: 0, total: shown.length + 1 });
  // The backend that computes alike everywhere.
  const classifier = await imageClassifier({ name, files }, { backend: 'wasm' });
  try {
    const frames = [];
    for (const { id, label } of shown) {
      signal?.throwIfAborted();
      const picture = await smallPng(await project.blob(id));
      const bitmap = await createImageBitmap(new Blob([picture]));
      const found = await classifier.classify(bitmap, labels.length);
      bitmap.close();
      const probabilities = labels.map(
        (one) =>
          /** @type {{confidence: number}} */ (found.find((result) => result.label === one)).confidence,
      );
      frames.push({ picture, label, probabilities, known: /** @type {number} */ (found.known) });
      onProgress({ done: frames.length, total: shown.length + 1 });
    }
    addGolden(files, frames);
    onProgress({ done: shown.length + 1, total: shown.length + 1 });
  } finally {
    classifier.dispose();
  }
}

/**
 * @param {Blob} blob a square picture
 * @returns {Promise<Uint8Array<ArrayBuffer>>} PNG, which every decoder reads alike
 */
async function smallPng(blob) {
  const bitmap = await createImageBitmap(blob);
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { width: GOLDEN_SIDE, height: GOLDEN_SIDE });
  const context = canvas.getContext('2d', { alpha: false });
  if (!context)
    throw new PytrainError('This browser gives no 2D canvas.', null, 'Close some tabs and try again.');
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, 0, 0, GOLDEN_SIDE, GOLDEN_SIDE);
  bitmap.close();
  const made = await new Promise((resolve) => canvas.toBlob(resolve, 'image/png'));
  return new Uint8Array(await /** @type {Blob} */ (made).arrayBuffer());
}
