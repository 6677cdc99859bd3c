// What a network makes of a picture before it decides: the numbers that a head is trained on.

import { unwrap, whenReady } from './sources.js';

/** @typedef {import('./sources.js').Source} Source */

export class FeatureExtractor {
  #runner;

  /** @param {import('./load.js').Loaded} loaded of a model that has the output `embedding` */
  constructor({ name, url, manifest, runner }) {
    this.#runner = runner;
    /** The model's name. */
    this.name = name;
    /** Where the model's files are; '' for one that was given as files. */
    this.url = url;
    /** All of metadata.json. */
    this.metadata = manifest.metadata;
    /** How many numbers `embed` gives. */
    this.width = Number(manifest.width);
  }

  /** The backend in use now. */
  get backend() {
    return this.#runner.backend;
  }

  /** As a classifier's. */
  get timings() {
    return this.#runner.timings;
  }

  /** Settles with the measured table when the fastest backend is found and in use. */
  get ready() {
    return this.#runner.ready;
  }

  /**
   * Of what is there now; waits for a video's first frame.
   * @param {Source} source
   * @returns {Promise<Float32Array>} [width]
   */
  async embed(source) {
    const ready = unwrap(source, 'embed');
    await whenReady(ready);
    return this.#runner.embed(ready);
  }

  /** What TensorFlow.js holds in the worker. */
  memory() {
    return this.#runner.memory();
  }

  /** Ends the worker and frees the model. */
  dispose() {
    this.#runner.dispose();
  }
}
