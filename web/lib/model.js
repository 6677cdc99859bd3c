// A bundle's network on whichever TensorFlow.js backend is set: load, warm up, predict.

import { memory, tensor4d, tidy } from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import { PytrainError } from './errors.js';
import { preprocess, SIZE } from './preprocess.js';

/**
 * @typedef {object} OpenModel
 * @property {(pixels: import('./preprocess.js').Pixels) => Promise<Float32Array>} predict
 *   probabilities in the order of the labels; leaves no tensor behind
 * @property {() => {numTensors: number, numBytes: number}} memory
 * @property {() => void} dispose
 */

/**
 * @param {Pick<import('./contract.js').LoadedBundle, 'model' | 'weights' | 'labels'>} bundle
 * @returns {Promise<OpenModel>}
 */
export async function openModel({ model, weights, labels }) {
  const network = await loadLayersModel({
    load: async () => ({
      modelTopology: model.modelTopology,
      weightSpecs: /** @type {any} */ (model.weightsManifest.flatMap((group) => group.weights)),
      weightData: weights,
    }),
  });
  const outputs = network.outputs[0].shape.at(-1);
  if (outputs !== labels.length) {
    network.dispose();
    throw new PytrainError(
      `model.json gives ${outputs} numbers, metadata.json has ${labels.length} labels.`,
      'one label for each output',
      'Export the model again.',
    );
  }
  const values = new Float32Array(SIZE * SIZE * 3);

  /** @param {import('./preprocess.js').Pixels} pixels */
  async function predict(pixels) {
    preprocess(pixels, values);
    const output = tidy(() => {
      const input = tensor4d(values, [1, SIZE, SIZE, 3]);
      return /** @type {import('@tensorflow/tfjs-core').Tensor} */ (network.predict(input));
    });
    try {
      return /** @type {Float32Array} */ (await output.data());
    } finally {
      output.dispose();
    }
  }

  // The first prediction compiles shaders and packs weights; better here than in front of the user.
  await predict({ data: new Uint8Array(SIZE * SIZE * 4).fill(255), width: SIZE, height: SIZE });

  return {
    predict,
    memory: () => ({ numTensors: memory().numTensors, numBytes: memory().numBytes }),
    dispose: () => network.dispose(),
  };
}
