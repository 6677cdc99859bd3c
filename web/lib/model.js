// A bundle's network on whichever TensorFlow.js backend is set: load, warm up, predict, look inside.

import { memory, tensor4d, tidy } from '@tensorflow/tfjs-core';
import { CLASS_ACTIVATION, EMBEDDING, FILES, KNOWN, notOneEach, PROBABILITIES } from './contract.js';
import { activationsOf, filtersOf, listLayers } from './inside.js';
import { preprocess, SIZE } from './preprocess.js';

/** @typedef {import('@tensorflow/tfjs-core').Tensor} Tensor */
/** @typedef {import('./contract.js').LoadedBundle} LoadedBundle */
/** @typedef {import('./preprocess.js').Pixels} Pixels */

/**
 * What both topologies of TensorFlow.js can do for us.
 * @typedef {object} Network
 * @property {(input: Tensor, tensors: string[]) => Tensor[]} run gives outputs by their names, and the tensors that
 *   `places` names, in the order in which they are asked for
 * @property {() => import('./inside.js').Place[]} places its layers, in order
 * @property {(name: string) => Tensor | undefined} kernel a layer's weights, which stay the network's own
 * @property {() => void} dispose
 */

/** @typedef {(bundle: LoadedBundle) => Promise<Network>} OpenNetwork */

/**
 * None of these leaves a tensor behind.
 * @typedef {object} OpenModel
 * @property {(pixels: Pixels, heatMap?: boolean) => Promise<import('./results.js').Answer>} predict
 *   heatMap: gives `activation` too, where the network has it
 * @property {(pixels: Pixels) => Promise<Float32Array>} embed what goes into the last Dense
 * @property {() => Promise<import('./inside.js').Layer[]>} layers
 * @property {(pixels: Pixels, names: string[], most?: number) => Promise<Record<string, import('./inside.js').Maps>>}
 *   activations
 * @property {(name?: string) => Promise<import('./inside.js').Filters>} filters
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
  const always = bundle.known ? [PROBABILITIES, KNOWN] : [PROBABILITIES];

  /**
   * @param {Pixels} pixels
   * @param {string[]} names
   * @returns {Tensor[]} to be disposed by whoever asks
   */
  function run(pixels, names) {
    preprocess(pixels, values);
    return tidy(() => network.run(tensor4d(values, [1, SIZE, SIZE, 3]), names));
  }

  /**
   * @param {Pixels} pixels
   * @param {boolean} [heatMap]
   * @returns {Promise<import('./results.js').Answer>}
   */
  async function predict(pixels, heatMap = false) {
    const names = heatMap && bundle.classActivation ? [...always, CLASS_ACTIVATION] : always;
    const outputs = run(pixels, names);
    const [probabilities, ...rest] = await readAll(outputs);
    /** @type {import('./results.js').Answer} */
    const answer = { probabilities };
    if (bundle.known) answer.known = rest[0][0];
    if (names !== always) {
      const [, height, width] = outputs[names.length - 1].shape;
      answer.activation = { height, width, values: rest[rest.length - 1] };
    }
    return answer;
  }

  const white = { data: new Uint8Array(SIZE * SIZE * 4).fill(255), width: SIZE, height: SIZE };

  // The first prediction compiles shaders and packs weights; better here than in front of the user.
  const { length } = (await predict(white)).probabilities;
  if (length !== bundle.labels.length) {
    network.dispose();
    throw notOneEach(FILES[bundle.format], length, bundle.labels.length);
  }
  return {
    predict,
    embed: async (pixels) => (await readAll(run(pixels, [EMBEDDING])))[0],
    layers: () => listLayers(network, (names) => run(white, names)),
    activations: (pixels, names, most) => activationsOf(network, (all) => run(pixels, all), names, most),
    filters: (name) => filtersOf(network, name),
    memory: () => ({ numTensors: memory().numTensors, numBytes: memory().numBytes }),
    dispose: () => network.dispose(),
  };
}

/**
 * @param {Tensor[]} tensors are disposed, whatever happens
 * @returns {Promise<Float32Array[]>}
 */
async function readAll(tensors) {
  try {
    return /** @type {Float32Array[]} */ (await Promise.all(tensors.map((tensor) => tensor.data())));
  } finally {
    for (const tensor of tensors) tensor.dispose();
  }
}
