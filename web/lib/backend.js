// Which backend to use: which can run here, which is the fastest on this device, and what was found last time.

import { toPlain } from './errors.js';

/** Where every classifier starts: the first answer comes soonest, and it runs nearly everywhere. */
export const FIRST = 'wasm';

/** What is tried one after the other where nothing is known yet; the last one runs wherever JavaScript does. */
export const TRIED = /** @type {const} */ ([FIRST, 'webgl', 'cpu']);

/** Another backend must be faster by this factor, or noise alone would make us switch. */
export const WORTH_SWITCHING = 0.9;

/** A backend whose probabilities differ more than this from the first one's is not used, however fast. */
export const MAX_DIFFERENCE = 1e-3;

/** A backend that has not answered after this time is far too slow. */
export const PATIENCE = 20_000;

const STORAGE_KEY = 'pytrain.backends';
const MAX_REMEMBERED = 20;

/** @typedef {import('./options.js').Backend} Backend */
/** @typedef {import('./results.js').Answer} Answer */

/**
 * One line of the table: the median time per frame, or why there is none, or why the time does not count.
 * @typedef {{backend: Backend, milliseconds?: number, note?: string}} Measured
 */

/** @typedef {{backend: Backend, measured: Measured[]}} Choice */

/** @param {number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * The backend to use, given what was measured: stays with the current one unless another is really faster.
 * @param {Measured[]} measured
 * @param {Backend} current
 * @returns {Backend}
 */
export function fastest(measured, current) {
  const usable = measured.filter((row) => row.milliseconds !== undefined && row.note === undefined);
  const now = usable.find((row) => row.backend === current)?.milliseconds ?? Number.POSITIVE_INFINITY;
  const best = usable.reduce(
    (a, b) => (Number(b.milliseconds) < Number(a.milliseconds) ? b : a),
    /** @type {Measured} */ ({ backend: current, milliseconds: now }),
  );
  return Number(best.milliseconds) <= now * WORTH_SWITCHING ? best.backend : current;
}

/**
 * Backends worth measuring in this browser, and those that are not, with the reason.
 * @param {boolean} [thoroughly] WebGL is measured even where the processor does its work: there it takes many times
 *   longer than wasm, and takes the time from the page
 * @returns {Promise<{backends: Backend[], notes: Measured[]}>}
 */
export async function candidates(thoroughly = false) {
  /** @type {Backend[]} */
  const backends = [FIRST];
  /** @type {Measured[]} */
  const notes = [];
  const drawn = webGL();
  if (drawn === 'by the graphics unit' || (drawn && thoroughly)) backends.push('webgl');
  else if (drawn) notes.push({ backend: 'webgl', note: 'no graphics unit here, so it was not tried' });
  if (await hasWebGPU()) backends.push('webgpu');
  return { backends, notes };
}

/** How graphics drivers that let the processor draw call themselves: Chromium's, Mesa's, Windows's, Apple's. */
const SOFTWARE = /swiftshader|llvmpipe|softpipe|basic render|software/i;

/**
 * Whether there is WebGL, and who draws it. Asked of an OffscreenCanvas, for the worker has no other canvas to make a
 * context on.
 * @returns {'by the graphics unit' | 'by the processor' | null}
 */
function webGL() {
  try {
    const open = (/** @type {boolean} */ fast) => {
      const options = { failIfMajorPerformanceCaveat: fast };
      const canvas = new OffscreenCanvas(1, 1);
      return canvas.getContext('webgl2', options) ?? canvas.getContext('webgl', options);
    };
    const fast = open(true);
    const context = fast ?? open(false);
    if (!context) return null;
    const info = context.getExtension('WEBGL_debug_renderer_info');
    const driver = info ? String(context.getParameter(info.UNMASKED_RENDERER_WEBGL)) : '';
    // A browser gives a page only so many contexts at a time.
    context.getExtension('WEBGL_lose_context')?.loseContext();
    return fast && !SOFTWARE.test(driver) ? 'by the graphics unit' : 'by the processor';
  } catch {
    return null;
  }
}

async function hasWebGPU() {
  try {
    const adapter = await /** @type {any} */ (globalThis.navigator)?.gpu?.requestAdapter();
    return Boolean(adapter) && !(adapter.isFallbackAdapter ?? adapter.info?.isFallbackAdapter);
  } catch {
    return false;
  }
}

/**
 * A worker with the model in it, as far as measuring needs to know it.
 * @typedef {object} Measurable
 * @property {Backend} backend
 * @property {() => Promise<Answer & {milliseconds: number}>} measure
 * @property {() => void} close
 */

/**
 * Measures the current engine and then each other backend in an engine of its own.
 * @template {Measurable} E
 * @param {E} current
 * @param {Backend[]} others
 * @param {(backend: Backend) => Promise<E>} start
 * @param {(measured: Measured[]) => void} [onProgress]
 * @returns {Promise<{measured: Measured[], winner: E}>} the winner still runs; the other new ones are closed
 */
export async function measureAll(current, others, start, onProgress = () => {}) {
  const first = await current.measure();
  /** @type {Measured[]} */
  const measured = [{ backend: current.backend, milliseconds: first.milliseconds }];
  onProgress([...measured]);
  let winner = current;
  for (const backend of others) {
    try {
      const engine = await start(backend);
      const { row, winner: better } = await measureOne(engine, first);
      measured.push(row);
      if (better && fastest(measured, winner.backend) === backend) {
        if (winner !== current) winner.close();
        winner = engine;
      } else {
        engine.close();
      }
    } catch (error) {
      measured.push({ backend, note: toPlain(error).what });
    }
    onProgress([...measured]);
  }
  return { measured, winner };
}

/**
 * The greatest difference of any number of two answers; NaN where one is no number.
 * @param {{probabilities: ArrayLike<number>, known?: number}} expected
 * @param {{probabilities: ArrayLike<number>, known?: number}} answer
 */
export function differenceOf(expected, answer) {
  const differences = Array.from(expected.probabilities, (value, index) =>
    Math.abs(value - answer.probabilities[index]),
  );
  if (expected.known !== undefined) differences.push(Math.abs(expected.known - Number(answer.known)));
  return Math.max(...differences);
}

/**
 * @param {Measurable} engine
 * @param {Answer} expected
 * @returns {Promise<{row: Measured, winner: boolean}>}
 */
async function measureOne(engine, expected) {
  try {
    const { milliseconds, ...answer } = await engine.measure();
    const difference = differenceOf(expected, answer);
    if (difference <= MAX_DIFFERENCE) {
      return { row: { backend: engine.backend, milliseconds }, winner: true };
    }
    const note = `its answers differ by ${difference.toPrecision(1)}`;
    return { row: { backend: engine.backend, milliseconds, note }, winner: false };
  } catch (error) {
    engine.close();
    throw error;
  }
}

/**
 * What was chosen here before: for this model, this browser and this version of pytrain.
 * @param {string} key
 * @param {Pick<Storage, 'getItem'> | undefined} [storage]
 * @returns {Choice | undefined}
 */
export function recall(key, storage = localStorageIfAllowed()) {
  return readAll(storage)[key];
}

/**
 * @param {string} key
 * @param {Choice | undefined} choice undefined forgets
 * @param {Pick<Storage, 'getItem' | 'setItem'> | undefined} [storage]
 */
export function remember(key, choice, storage = localStorageIfAllowed()) {
  const { [key]: _former, ...rest } = readAll(storage);
  const entries = Object.entries(rest).slice(choice ? 1 - MAX_REMEMBERED : 0);
  if (choice) entries.push([key, choice]);
  try {
    storage?.setItem(STORAGE_KEY, JSON.stringify(Object.fromEntries(entries)));
  } catch {
    // A full or forbidden storage costs nothing but measuring again next time.
  }
}

/**
 * @param {Pick<Storage, 'getItem'> | undefined} storage
 * @returns {Record<string, Choice>}
 */
function readAll(storage) {
  try {
    const all = JSON.parse(storage?.getItem(STORAGE_KEY) ?? '{}');
    return typeof all === 'object' && all !== null ? all : {};
  } catch {
    return {};
  }
}

/** Reading the property alone throws where a browser forbids storage. */
function localStorageIfAllowed() {
  try {
    return globalThis.localStorage;
  } catch {
    return undefined;
  }
}
