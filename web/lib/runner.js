// Keeps one engine running for a classifier: one inference in flight, timings, measuring, restart after a loss.

import { candidates, FIRST, measureAll, median, PATIENCE, recall, remember, TRIED } from './backend.js';
import { PytrainError } from './errors.js';
import { inTurns } from './in-turn.js';
import { grab, unreadable } from './sources.js';
import { startEngine } from './worker.js';

/** @typedef {import('./options.js').Backend} Backend */
/** @typedef {import('./backend.js').Measured} Measured */
/** @typedef {import('./contract.js').LoadedBundle} LoadedBundle */

/** After a second loss within this time the same backend is not started again: restarting does not cure it. */
const RESTART_AGAIN_AFTER = 60_000;

/** Pauses before a lost backend is started again; a graphics driver takes a while to come back, in milliseconds. */
const RESTART_PAUSES = [0, 500, 3000];

/** Timings are medians over this many frames. */
const REMEMBERED_FRAMES = 30;

/** Measuring the other backends waits for the first answer, but not longer than this. */
const MEASURE_AFTER = 1500;

/**
 * @typedef {object} RunnerSettings
 * @property {'auto' | Backend} backend
 * @property {string} base folder of the library's files
 * @property {import('./contract.js').Format} format
 * @property {string} memoryKey what the choice of backend is remembered by
 * @property {(error: Error) => void} onError
 * @property {(status: import('./options.js').Status) => void} onStatus
 */

/**
 * Starts with what was fastest here before, else with the backend that answers soonest.
 * @param {Promise<LoadedBundle>} bundle
 * @param {RunnerSettings} settings
 * @returns {Promise<Runner>}
 */
export async function startRunner(bundle, settings) {
  const { backend, memoryKey } = settings;
  if (backend !== 'auto') {
    return new Runner(await startEngine(backend, settings, bundle), await bundle, settings);
  }
  const remembered = recall(memoryKey);
  if (remembered) {
    try {
      const engine = await startEngine(remembered.backend, settings, bundle);
      return new Runner(engine, await bundle, settings, remembered.measured);
    } catch {
      await bundle; // a broken bundle is no reason to doubt the backend
      remember(memoryKey, undefined);
    }
  }
  return new Runner(await startAny(settings, bundle), await bundle, settings);
}

/**
 * @param {RunnerSettings} settings
 * @param {LoadedBundle | Promise<LoadedBundle>} bundle
 * @returns {Promise<import('./worker.js').Engine>} the first backend that can run here
 */
async function startAny(settings, bundle) {
  /** @type {PytrainError[]} */
  const problems = [];
  for (const backend of TRIED) {
    try {
      const engine = await startEngine(backend, settings, bundle);
      if (problems.length) {
        const text = `${problems[0].what} ${backend} is used instead, which may be slower.`;
        settings.onStatus({ kind: 'backend', text });
      }
      return engine;
    } catch (error) {
      await bundle;
      problems.push(/** @type {PytrainError} */ (error));
    }
  }
  // Where all say the same, it is the model and not the backend.
  if (problems.every(({ what }) => what === problems[0].what)) throw problems[0];
  throw new PytrainError(
    `This browser can run no model. ${problems.map(({ what }) => what).join(' ')}`,
    'a browser with WebAssembly or WebGL, not older than 2021',
    'Use another browser, or a newer one.',
  );
}

export class Runner {
  /** @type {import('./worker.js').Engine} */
  #engine;
  #inTurn = inTurns();
  /** @type {PytrainError | null} */
  #failed = null;
  /** @type {Promise<void>} */
  #restart = Promise.resolve();
  #restarted = Number.NEGATIVE_INFINITY;
  #disposed = false;
  /** @type {number[]} */
  #times = [];
  /** @type {number[]} */
  #roundTrips = [];
  /** @type {() => void} */
  #answered = () => {};

  /** What was measured, the current backend first. @type {Measured[]} */
  measured = [];
  /** Settles when the backends have been measured. @type {Promise<Measured[]>} */
  ready;

  /**
   * @param {import('./worker.js').Engine} engine
   * @param {LoadedBundle} bundle
   * @param {RunnerSettings} settings
   * @param {Measured[]} [measured]
   */
  constructor(engine, bundle, settings, measured) {
    this.bundle = bundle;
    this.settings = settings;
    this.#engine = engine;
    this.#use(engine);
    if (measured || settings.backend !== 'auto') {
      this.measured = measured ?? [];
      this.ready = Promise.resolve(this.measured);
    } else {
      this.ready = this.#measureLater();
    }
  }

  get backend() {
    return this.#engine.backend;
  }

  get timings() {
    return {
      milliseconds: this.#times.length ? median(this.#times) : undefined,
      latest: this.#times.at(-1),
      roundTrip: this.#roundTrips.length ? median(this.#roundTrips) : undefined,
      measured: this.measured,
    };
  }

  /**
   * @param {import('./sources.js').Ready} source
   * @param {{timed?: boolean} & import('./model.js').Wanted} [how] timed: counts for the timings, unless told otherwise
   * @returns {Promise<import('./results.js').Answer>}
   */
  predict(source, { timed = true, heatMap = false, mask = false } = {}) {
    return this.#again((engine) => this.#show(engine, source, 'predict', { heatMap, mask }, timed));
  }

  /**
   * @param {import('./sources.js').Ready} source
   * @returns {Promise<Float32Array>}
   */
  async embed(source) {
    const { embedding } = await this.#again((engine) => this.#show(engine, source, 'embed', {}, true));
    return embedding;
  }

  /**
   * @param {import('./sources.js').Ready} source
   * @param {string[]} names
   * @param {number} [most]
   * @returns {Promise<Record<string, import('./inside.js').Maps>>}
   */
  async activations(source, names, most) {
    const content = { names, most };
    const { maps } = await this.#again((engine) => this.#show(engine, source, 'activations', content, false));
    return maps;
  }

  /** @returns {Promise<import('./inside.js').Layer[]>} */
  layers() {
    return this.#again((engine) => engine.call('layers'));
  }

  /**
   * @param {string} [name]
   * @returns {Promise<import('./inside.js').Filters>}
   */
  filters(name) {
    return this.#again((engine) => engine.call('filters', { name }));
  }

  /**
   * In turn; and once more, by the next engine, where the first is lost with the question.
   * @template T
   * @param {(engine: import('./worker.js').Engine) => Promise<T>} ask
   * @returns {Promise<T>}
   */
  #again(ask) {
    return this.#inTurn(async () => {
      const engine = await this.#running();
      try {
        return await ask(engine);
      } catch (error) {
        if (!engine.lost) throw error;
        return ask(await this.#running());
      }
    });
  }

  /** The engine to ask, after a restart that may be going on. */
  async #running() {
    await this.#restart;
    if (this.#failed) throw this.#failed;
    return this.#engine;
  }

  /**
   * @param {import('./worker.js').Engine} engine
   * @param {import('./sources.js').Ready} source
   * @param {'predict' | 'embed' | 'activations'} type
   * @param {object} content
   * @param {boolean} timed
   */
  async #show(engine, source, type, content, timed) {
    const start = performance.now();
    const frame = await grab(source);
    const transfer = 'close' in frame ? frame : frame.data.buffer;
    const { milliseconds, ...answer } = await engine
      .call(type, { frame, ...content }, [transfer])
      .catch((error) => {
        throw error.name === 'DataCloneError' ? unreadable(error) : error;
      });
    if (timed) {
      push(this.#times, milliseconds);
      push(this.#roundTrips, performance.now() - start);
      this.#answered();
    }
    return answer;
  }

  /** @returns {Promise<{numTensors: number, numBytes: number}>} */
  memory() {
    return this.#again((engine) => engine.call('memory'));
  }

  /**
   * Measures every backend that can run here and, if the backend was left to us, goes on with the fastest.
   * @param {boolean} [thoroughly] even those that are hardly worth it
   * @returns {Promise<Measured[]>}
   */
  async measure(thoroughly = true) {
    const { memoryKey, backend } = this.settings;
    const current = this.#engine;
    const { backends, ...rest } = await candidates(thoroughly);
    const notes = rest.notes.filter((note) => note.backend !== current.backend);
    const { measured: found, winner } = await measureAll(
      current,
      backends.filter((name) => name !== current.backend),
      (name) => startEngine(name, this.settings, this.bundle, PATIENCE),
      (rows) => {
        this.measured = [...rows, ...notes];
      },
    );
    const measured = [...found, ...notes];
    this.measured = measured;
    if (this.#disposed || this.#engine !== current || backend !== 'auto') {
      if (winner !== current) winner.close();
    } else {
      remember(memoryKey, { backend: winner.backend, measured });
      if (winner !== current) {
        await this.#inTurn(async () => this.#use(winner, current));
        const text = `${winner.backend} is faster than ${current.backend} here, and is used from now on.`;
        this.settings.onStatus({ kind: 'backend', text });
      }
    }
    return measured;
  }

  dispose() {
    this.#disposed = true;
    this.#failed = new PytrainError('The model was disposed.', null, 'Load it again.');
    this.#engine.close(this.#failed);
    this.#answered();
  }

  async #measureLater() {
    await new Promise((resolve) => {
      this.#answered = () => resolve(undefined);
      setTimeout(resolve, MEASURE_AFTER);
    });
    this.#answered = () => {};
    if (this.#disposed) return this.measured;
    const engine = this.#engine;
    try {
      return await this.measure(false);
    } catch (error) {
      // Only the engine in use can fail here; what else failed stands in the table. Its loss has been told.
      if (!engine.lost) this.settings.onError(/** @type {Error} */ (error));
      return this.measured;
    }
  }

  /**
   * @param {import('./worker.js').Engine} engine
   * @param {import('./worker.js').Engine} [former]
   */
  #use(engine, former) {
    this.#engine = engine;
    engine.onLost = (error) => this.#recover(error);
    this.#times = [];
    this.#roundTrips = [];
    former?.close();
  }

  /** @param {PytrainError} error */
  #recover(error) {
    const often = performance.now() - this.#restarted <= RESTART_AGAIN_AFTER;
    this.#restarted = performance.now();
    const former = this.#engine.backend;
    if (often && (this.settings.backend !== 'auto' || former === FIRST)) {
      const fix = `Load the page again, or choose another backend than ${former}.`;
      this.#failed = new PytrainError(error.what, null, fix);
      this.settings.onError(this.#failed);
      return;
    }
    if (often) remember(this.settings.memoryKey, undefined);
    const next = often ? undefined : former;
    const text = `${error.what} The classifier starts again${next ? ` on ${next}` : ', on another backend'}.`;
    this.settings.onStatus({ kind: 'lost', text });
    this.#restart = this.#startAgain(next);
  }

  /** @param {Backend} [wanted] the backend that was lost, which may take a while to come back; any unless told */
  async #startAgain(wanted) {
    try {
      const engine = await this.#engineAgain(wanted);
      if (this.#disposed) {
        engine.close();
        return;
      }
      this.#use(engine, this.#engine);
      const text = `The classifier runs again, on ${engine.backend}.`;
      this.settings.onStatus({ kind: 'recovered', text });
    } catch (failure) {
      this.#failed = /** @type {PytrainError} */ (failure);
      this.settings.onError(this.#failed);
    }
  }

  /** @param {Backend} [wanted] */
  async #engineAgain(wanted) {
    let failure;
    for (const pause of wanted && !this.#disposed ? RESTART_PAUSES : []) {
      await new Promise((resolve) => setTimeout(resolve, pause));
      try {
        return await startEngine(/** @type {Backend} */ (wanted), this.settings, this.bundle);
      } catch (error) {
        failure = error;
      }
    }
    if (failure && this.settings.backend !== 'auto') throw failure;
    return startAny(this.settings, this.bundle);
  }
}

/**
 * @param {number[]} list
 * @param {number} value
 */
function push(list, value) {
  list.push(value);
  if (list.length > REMEMBERED_FRAMES) list.shift();
}
