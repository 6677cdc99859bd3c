// A bundle's network on whichever TensorFlow.js backend is set: load, warm up, predict.

import { memory, tensor4d, tidy } from '@tensorflow/tfjs-core';
import { FILES, notOneEach } from './contract.js';
import { preprocess, SIZE } from './preprocess.js';

/** @typedef {import('@tensorflow/tfjs-core').Tensor} Tensor */
/** @typedef {import('./contract.js').LoadedBundle} LoadedBundle */

/**
 * What both topologies of TensorFlow.js can do for us.
 * @typedef {object} Network
 * @property {(input: Tensor) => Tensor[]} run probabilities [1, classes], and known [1, 1] where the bundle has it
 * @property {() => void} dispose
 */

/** @typedef {(bundle: LoadedBundle) => Promise<Network>} OpenNetwork */

/**
 * @typedef {object} OpenModel
 * @property {(pixels: import('./preprocess.js').Pixels) => Promise<import('./results.js').Answer>} predict
 *   leaves no tensor behind
 * @property {() => {numTensors: number, numBytes: number}} memory
 * @property {() => void} dispose
 */

/**
 * @param {LoadedBundle} bundle
 * @param {OpenNetwork} openNetwork for the bundle's format
 * @returns {Promise<OpenModel>}
 */
export async function openModel(bundle, openNetwork) {
  const network = await openNetwork(bundle);
  const values = new Float32Array(SIZE * SIZE * 3);

  /**
   * @param {import('./preprocess.js').Pixels} pixels
   * @returns {Promise<import('./results.js').Answer>}
   */
  async function predict(pixels) {
    preprocess(pixels, values);
    const outputs = tidy(() => network.run(tensor4d(values, [1, SIZE, SIZE, 3])));
    try {
      const [probabilities, known] = await Promise.all(outputs.map((output) => output.data()));
      const answer = { probabilities: /** @type {Float32Array} */ (probabilities) };
      return known ? { ...answer, known: known[0] } : answer;
    } finally {
      for (const output of outputs) output.dispose();
    }
  }

  // The first prediction compiles shaders and packs weights; better here than in front of the user.
  const white = { data: new Uint8Array(SIZE * SIZE * 4).fill(255), width: SIZE, height: SIZE };
  const { length } = (await predict(white)).probabilities;
  if (length !== bundle.labels.length) {
    network.dispose();
    throw notOneEach(FILES[bundle.format], length, bundle.labels.length);
  }
  return {
    predict,
    memory: () => ({ numTensors: memory().numTensors, numBytes: memory().numBytes }),
    dispose: () => network.dispose(),
  };
}
