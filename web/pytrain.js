// The library a designer uses: imageClassifier() and featureExtractor(). Served as pytrain.js (a script) and pytrain.mjs (a module).

import { FILES } from './lib/contract.js';
import { PytrainError, toPlain } from './lib/errors.js';
import { FeatureExtractor } from './lib/extractor.js';
import { Frames } from './lib/frames.js';
import { compare, readGolden, readPicture } from './lib/golden.js';
import { load } from './lib/load.js';
import { checkOptions, describe, OF_EXTRACTOR } from './lib/options.js';
import { smoother, toHeatMap, toMask, toResults } from './lib/results.js';
import { unwrap, whenReady } from './lib/sources.js';
import { version } from './lib/version.js';

export { PytrainError } from './lib/errors.js';
export { preprocess } from './lib/preprocess.js';
export { FeatureExtractor, version };

/** @typedef {import('./lib/results.js').Results} Results */
/** @typedef {import('./lib/sources.js').Source} Source */
/** @typedef {import('./lib/options.js').Options} Options */

/** classifyStart gives up after this many failures in a row, and waits this long after each. */
const FAILURES = 3;
const PAUSE_AFTER_FAILURE = 1000;

/**
 * Loads a model and gets it ready to answer.
 *
 *     const classifier = await pytrain.imageClassifier('four-shapes');
 *     const results = await classifier.classify(video);   // [{label, confidence}, ...] best first
 *
 * @param {import('./lib/load.js').Model} model a name below models/ beside this library, the URL of a model's
 *   folder, or its files: {name, files}
 * @param {Options} [options]
 * @returns {Promise<ImageClassifier>}
 */
export async function imageClassifier(model, options) {
  const settings = checkOptions(options);
  return new ImageClassifier(await load(model, settings, 'imageClassifier'), settings);
}

/**
 * Loads a model for what it makes of a picture before it decides, which a classifier of other things can be trained
 * on: the output `embedding` of graph.json.
 *
 *     const extractor = await pytrain.featureExtractor('four-shapes');
 *     const numbers = await extractor.embed(video);   // Float32Array of extractor.width numbers
 *
 * @param {import('./lib/load.js').Model} model as for imageClassifier
 * @param {Pick<Options, 'backend' | 'onProgress' | 'onError' | 'onStatus'>} [options]
 * @returns {Promise<FeatureExtractor>}
 */
export async function featureExtractor(model, options) {
  const settings = checkOptions(options, 'featureExtractor', OF_EXTRACTOR);
  const loaded = await load(model, settings, 'featureExtractor', ({ metadata, width, format }) => {
    if (width !== null) return;
    throw new PytrainError(
      `${metadata.modelName ?? 'This model'}: ${FILES[format]} has no output embedding.`,
      `a model whose ${FILES.graph} ends in a Dense layer`,
      'Export the model again, or use another one.',
    );
  });
  return new FeatureExtractor(loaded);
}

export class ImageClassifier {
  #runner;
  #settings;
  #manifest;
  #reader;
  /** What the run of classifyStart that goes on looks at. @type {Frames | null} */
  #running = null;

  /**
   * @param {import('./lib/load.js').Loaded} loaded
   * @param {import('./lib/options.js').Settings} settings
   */
  constructor({ name, url, reader, manifest, runner }, settings) {
    this.#runner = runner;
    this.#settings = settings;
    this.#manifest = manifest;
    this.#reader = reader;
    /** The model's name. */
    this.name = name;
    /** Where the model's files are; '' for one that was given as files. */
    this.url = url;
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

  /** Whether results say where the model looks, as `results.heatMap`; may be changed at any time. */
  get heatMap() {
    return this.#settings.heatMap;
  }

  set heatMap(wanted) {
    checkOptions({ heatMap: wanted });
    this.#settings.heatMap = wanted;
  }

  /** Whether results say what is where, as `results.mask`; may be changed at any time. */
  get mask() {
    return this.#settings.mask;
  }

  set mask(wanted) {
    checkOptions({ mask: wanted });
    this.#settings.mask = wanted;
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
   *   the model gives it, how surely it is one of the labels at all; `results.heatMap`, where it is asked for, where
   *   the model looks; `results.mask`, where it is asked for, what is where
   */
  async classify(source, topk = this.#settings.topk) {
    checkOptions({ topk });
    const ready = unwrap(source);
    await whenReady(ready);
    const { heatMap, mask } = this.#settings;
    return this.#results(await this.#runner.predict(ready, { heatMap, mask }), topk, { heatMap, mask });
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
    this.classifyStop();
    this.#running = new Frames(ready, this.#settings.onStatus);
    this.#loop(ready, callback, this.#running);
  }

  /** Ends classifyStart; no callback comes after it. */
  classifyStop() {
    this.#running?.end();
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
      golden = await readGolden(this.#reader, this.labels.length, this.#manifest.known);
    } catch (error) {
      return { maxDifference: null, frames: 0, same: null, why: toPlain(error).what };
    }
    return compare(golden.slice(0, most), async (file) =>
      this.#runner.predict(await readPicture(this.#reader, file), { timed: false }),
    );
  }

  /**
   * The model's layers, in order: those that make something that can be looked at. A layer of plain numbers is 1 x 1.
   * @returns {Promise<import('./lib/inside.js').Layer[]>}
   */
  layers() {
    return this.#runner.layers();
  }

  /**
   * What layers make of a picture.
   * @param {Source} source
   * @param {string | string[]} names as layers() gives them
   * @param {{most?: number}} [options] most: only so many channels of each layer, the first ones
   * @returns {Promise<Record<string, import('./lib/inside.js').Maps>>} by name: values [height, width, channels]
   */
  async activations(source, names, { most } = {}) {
    const wanted = [names].flat();
    if (!wanted.every((name) => typeof name === 'string')) {
      throw new PytrainError(
        `activations was given ${describe(names)} as layers.`,
        "names of layers, as in ['conv1']",
        'layers() lists them.',
      );
    }
    if (most !== undefined && !(Number.isInteger(most) && most >= 1)) {
      throw new PytrainError(`activations was given ${describe(most)} as most.`, 'a whole number from 1');
    }
    const ready = unwrap(source, 'activations');
    await whenReady(ready);
    return this.#runner.activations(ready, wanted, most);
  }

  /**
   * The weights of a convolution.
   * @param {string} [name] as layers() gives it; the first convolution that sees more than one pixel, unless told
   * @returns {Promise<import('./lib/inside.js').Filters>} values [height, width, inputs, filters]
   */
  filters(name) {
    return this.#runner.filters(name);
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
   * @param {Frames} frames
   */
  async #loop(source, callback, frames) {
    const smooth = smoother(this.#settings.smoothing);
    let failures = 0;
    while (!frames.ended && failures < FAILURES) {
      try {
        await frames.next();
        if (frames.ended) return;
        const { heatMap, mask, topk } = this.#settings;
        const answer = await this.#runner.predict(source, { heatMap, mask });
        if (frames.ended) return;
        callback(this.#results(smooth(answer), topk, { heatMap, mask }));
        failures = 0;
      } catch (error) {
        if (frames.ended) return;
        failures++;
        this.#settings.onError(/** @type {Error} */ (error));
        await new Promise((resolve) => setTimeout(resolve, PAUSE_AFTER_FAILURE));
      }
    }
    if (!frames.ended) this.classifyStop();
  }

  /**
   * @param {import('./lib/results.js').Answer} answer
   * @param {number | undefined} topk
   * @param {import('./lib/model.js').Wanted} wanted
   */
  #results(answer, topk, { heatMap, mask }) {
    const { labels } = this.#manifest;
    const results = toResults(answer, labels, this.#manifest, topk);
    if (heatMap) results.heatMap = toHeatMap(answer.activation, labels, results[0].label);
    if (mask) results.mask = toMask(answer.mask, labels);
    return results;
  }
}
