// The library a designer uses: imageClassifier(). Served as pytrain.js (a script) and pytrain.mjs (a module).

import { readManifest, readWeights } from './lib/contract.js';
import { PytrainError, toPlain } from './lib/errors.js';
import { compare, fetchPicture, readGolden } from './lib/golden.js';
import { checkOptions } from './lib/options.js';
import { httpReader, locate } from './lib/place.js';
import { smoother, toResults } from './lib/results.js';
import { startRunner } from './lib/runner.js';
import { unwrap, whenReady } from './lib/sources.js';
import { base, version } from './lib/version.js';

export { PytrainError } from './lib/errors.js';
export { preprocess } from './lib/preprocess.js';
export { version };

/** @typedef {import('./lib/results.js').Results} Results */
/** @typedef {import('./lib/sources.js').Source} Source */
/** @typedef {import('./lib/options.js').Options} Options */

/** classifyStart gives up after this many failures in a row, and waits this long after each. */
const FAILURES = 3;
const PAUSE_AFTER_FAILURE = 1000;

/** A video that has not moved on is looked at again after this time all the same. */
const STILL_VIDEO = 250;

/**
 * Loads a model and gets it ready to answer.
 *
 *     const classifier = await pytrain.imageClassifier('four-shapes');
 *     const results = await classifier.classify(video);   // [{label, confidence}, ...] best first
 *
 * @param {string} nameOrUrl a name below models/ beside this library, or the URL of a model's folder
 * @param {Options} [options]
 * @returns {Promise<ImageClassifier>}
 */
export async function imageClassifier(nameOrUrl, options) {
  const settings = checkOptions(options);
  settings.onError = onceEach(settings.onError);
  const place = locate(nameOrUrl, base, globalThis.document?.baseURI ?? base);
  const reader = httpReader(place);
  const manifest = await readManifest(reader, settings.format ?? place.format);
  const bundle = readWeights(reader, manifest, settings.onProgress);
  const runner = await startRunner(bundle, {
    backend: settings.backend,
    base,
    format: manifest.format,
    memoryKey: `${version} ${manifest.fingerprint} ${globalThis.navigator.userAgent}`,
    onError: settings.onError,
  });
  return new ImageClassifier(place, manifest, runner, settings);
}

export class ImageClassifier {
  #runner;
  #settings;
  #manifest;
  /** The run of classifyStart that may still go on. @type {symbol | null} */
  #running = null;

  /**
   * @param {{name: string, url: string}} place
   * @param {import('./lib/contract.js').Manifest} manifest
   * @param {import('./lib/runner.js').Runner} runner
   * @param {import('./lib/options.js').Settings} settings
   */
  constructor(place, manifest, runner, settings) {
    this.#runner = runner;
    this.#settings = settings;
    this.#manifest = manifest;
    /** The model's name. */
    this.name = place.name;
    /** Where the model's files are. */
    this.url = place.url;
  }

  /** Class names, in the order of the model's outputs. */
  get labels() {
    return this.#manifest.labels;
  }

  /** When the answer is 'unknown': where `score`, 'max_probability' or 'known', is below `threshold`; 0 means never. */
  get unknown() {
    const { score, threshold } = this.#manifest;
    return { score, threshold };
  }

  /** All of metadata.json. */
  get metadata() {
    return this.#manifest.metadata;
  }

  /** The form of the model in use: 'graph' or 'layers'. */
  get format() {
    return this.#manifest.format;
  }

  /** The backend in use now. */
  get backend() {
    return this.#runner.backend;
  }

  /**
   * Medians over the last frames: `milliseconds` in the worker (preprocessing and network), `roundTrip` from taking
   * the frame to its answer; `latest`, the last frame's milliseconds; and `measured`, the table of backends.
   */
  get timings() {
    return this.#runner.timings;
  }

  /** Settles with the measured table when the fastest backend is found and in use. */
  get ready() {
    return this.#runner.ready;
  }

  /**
   * Classifies what is there now; waits for a video's first frame.
   * @param {Source} source
   * @param {number} [topk]
   * @returns {Promise<Results>} best first; `results.answer` is the best label, or 'unknown'; `results.known`, where
   *   the model gives it, how surely it is one of the labels at all
   */
  async classify(source, topk = this.#settings.topk) {
    checkOptions({ topk });
    const ready = unwrap(source);
    await whenReady(ready);
    return this.#results(await this.#runner.predict(ready), topk);
  }

  /**
   * Classifies the newest frame again and again, one at a time, until classifyStop().
   * @param {Source} source
   * @param {(results: Results) => void} callback
   */
  classifyStart(source, callback) {
    const ready = unwrap(source);
    if (typeof callback !== 'function') {
      throw new TypeError('classifyStart(source, callback) needs a function that takes the results.');
    }
    this.#running = Symbol('run');
    this.#loop(ready, callback, this.#running);
  }

  /** Ends classifyStart; no callback comes after it. */
  classifyStop() {
    this.#running = null;
  }

  /** Measures every backend again and goes on with the fastest, unless one was asked for. */
  measure() {
    return this.#runner.measure();
  }

  /**
   * Compares with Python: classifies the model's golden frames, whose answers Python wrote down.
   * @param {number} [most] how many of the frames; all of them unless told
   * @returns {Promise<import('./lib/golden.js').Check>} `same`: whether no number differs by more than 0.001
   */
  async check(most) {
    let golden;
    try {
      if (this.metadata.pytrain.golden === 0) throw new PytrainError(`${this.name} has no golden frames.`);
      golden = await readGolden(httpReader(this), this.labels.length, this.#manifest.known);
    } catch (error) {
      return { maxDifference: null, frames: 0, same: null, why: toPlain(error).what };
    }
    return compare(golden.slice(0, most), async (file) =>
      this.#runner.predict(await fetchPicture(new URL(file, this.url).href), false),
    );
  }

  /** What TensorFlow.js holds in the worker: numTensors stays the same however many frames were classified. */
  memory() {
    return this.#runner.memory();
  }

  /** Ends the worker and frees the model. */
  dispose() {
    this.classifyStop();
    this.#runner.dispose();
  }

  /**
   * @param {import('./lib/sources.js').Ready} source
   * @param {(results: Results) => void} callback
   * @param {symbol} run
   */
  async #loop(source, callback, run) {
    const smooth = smoother(this.#settings.smoothing);
    const next = frames(source);
    let failures = 0;
    while (this.#running === run && failures < FAILURES) {
      try {
        await whenReady(source);
        await next();
        if (this.#running !== run) return;
        const answer = await this.#runner.predict(source);
        if (this.#running !== run) return;
        callback(this.#results(smooth(answer), this.#settings.topk));
        failures = 0;
      } catch (error) {
        if (this.#running !== run) return;
        failures++;
        this.#settings.onError(/** @type {Error} */ (error));
        await new Promise((resolve) => setTimeout(resolve, PAUSE_AFTER_FAILURE));
      }
    }
    if (this.#running === run) this.#running = null;
  }

  /**
   * @param {import('./lib/results.js').Answer} answer
   * @param {number | undefined} topk
   */
  #results(answer, topk) {
    return toResults(answer, this.#manifest.labels, this.#manifest, topk);
  }
}

/**
 * Waits for the browser's next picture, and for a video to move on: classifying a frame twice tells nothing new.
 * @param {import('./lib/sources.js').Ready} source
 * @returns {() => Promise<void>}
 */
function frames(source) {
  let time = -1;
  let since = 0;
  return async () => {
    do {
      await new Promise((resolve) => requestAnimationFrame(resolve));
    } while (
      'currentTime' in source &&
      source.currentTime === time &&
      performance.now() - since < STILL_VIDEO
    );
    since = performance.now();
    if ('currentTime' in source) time = source.currentTime;
  };
}

/**
 * One failure can reach us on several ways: as the loss of a worker and as the answer that did not come.
 * @param {(error: Error) => void} tell
 * @returns {(error: Error) => void}
 */
function onceEach(tell) {
  const told = new WeakSet();
  return (error) => {
    if (told.has(error)) return;
    told.add(error);
    tell(error);
  };
}
