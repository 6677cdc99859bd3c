// One worker with one model on one backend, seen from the page.

import { fromPlain, PytrainError } from './errors.js';

/** @typedef {import('./options.js').Backend} Backend */

/**
 * Starts a backend's worker and loads the model into it.
 * @param {Backend} backend
 * @param {{base: string, format: import('./contract.js').Format}} settings base: folder of the library's files
 * @param {import('./contract.js').LoadedBundle | Promise<import('./contract.js').LoadedBundle>} bundle
 * @param {number} [patience] it is ended if it has not started after so many milliseconds
 * @returns {Promise<Engine>}
 */
export async function startEngine(backend, { base, format }, bundle, patience) {
  const engine = new Engine(backend, format, base);
  const late = new PytrainError(`${backend} gave no answer in ${Number(patience) / 1000} s.`);
  const timer = patience === undefined ? undefined : setTimeout(() => engine.close(late), patience);
  try {
    // The backend starts while the weights are on their way.
    await Promise.all([engine.call('start', { base }), bundle]);
    const { model, weights, labels, known, classActivation, mask } = await bundle;
    // The weights are copied, not transferred: another backend or a restart will want them too.
    await engine.call('load', { bundle: { format, model, weights, labels, known, classActivation, mask } });
    return engine;
  } catch (error) {
    engine.close();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

export class Engine {
  /** @type {Worker} */
  #worker;
  /** @type {Map<number, {resolve: (value: any) => void, reject: (error: Error) => void}>} */
  #pending = new Map();
  #count = 0;
  /** @type {PytrainError | null} */
  #dead = null;

  /** Called once when the worker or its graphics device is gone. @type {(error: PytrainError) => void} */
  onLost = () => {};

  /**
   * @param {Backend} backend
   * @param {import('./contract.js').Format} format each has a script of its own, so that neither loads the other's library
   * @param {string} base
   */
  constructor(backend, format, base) {
    this.backend = backend;
    const url = new URL(`engine-${backend}${format === 'layers' ? '-layers' : ''}.js`, base).href;
    this.#worker = makeWorker(url);
    this.#worker.onmessage = ({ data }) => this.#receive(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#lose(
        event.message
          ? new PytrainError(`The ${backend} worker died: ${event.message}.`)
          : new PytrainError(
              `${url} could not be loaded.`,
              'the library and its engine scripts in one folder',
              'Check that the server is still running (pytrain serve) and load the page again.',
            ),
      );
    };
  }

  /** It was lost or closed and answers no more. */
  get lost() {
    return this.#dead !== null;
  }

  /**
   * @param {import('./engine.js').Request['type']} type
   * @param {object} [content]
   * @param {Transferable[]} [transfer]
   * @returns {Promise<any>}
   */
  call(type, content = {}, transfer = []) {
    if (this.#dead) return Promise.reject(this.#dead);
    const id = this.#count++;
    return new Promise((resolve, reject) => {
      this.#worker.postMessage({ id, type, ...content }, transfer);
      this.#pending.set(id, { resolve, reject });
    });
  }

  /** @returns {Promise<import('./results.js').Answer & {milliseconds: number}>} */
  measure() {
    return this.call('measure');
  }

  /** @param {PytrainError} [reason] what to tell whoever still waits for an answer */
  close(reason = new PytrainError('The model was disposed.', null, 'Load it again.')) {
    this.onLost = () => {};
    this.#lose(reason);
  }

  /** @param {{id: number, value?: any, error?: import('./errors.js').PlainError, lost?: string}} message */
  #receive({ id, value, error, lost }) {
    if (lost) {
      this.#lose(new PytrainError(`${lost}.`));
      return;
    }
    const waiting = this.#pending.get(id);
    this.#pending.delete(id);
    if (error) waiting?.reject(fromPlain(error));
    else waiting?.resolve(value);
  }

  /** @param {PytrainError} error */
  #lose(error) {
    if (this.#dead) return;
    this.#dead = error;
    this.#worker.terminate();
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
    this.onLost(error);
  }
}

/**
 * A page of another origin may not start our script as a worker, but may start its own that imports it.
 * @param {string} url
 * @returns {Worker}
 */
function makeWorker(url) {
  if (new URL(url).origin === globalThis.location.origin) return new Worker(url);
  const script = new Blob([`importScripts(${JSON.stringify(url)});`], { type: 'text/javascript' });
  return new Worker(URL.createObjectURL(script));
}
