// A bundle's network on whichever TensorFlow.js backend is set: load, warm up, predict, look inside.

import { memory, tensor4d, tidy } from '@tensorflow/tfjs-core';
import { CLASS_ACTIVATION, EMBEDDING, FILES, KNOWN, MASK, notOneEach, PROBABILITIES } from './contract.js';
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
 * What an answer should hold besides the probabilities, where the network has it: `activation` and `mask`.
 * @typedef {{heatMap?: boolean, mask?: boolean}} Wanted
 */

/**
 * None of these leaves a tensor behind.
 * @typedef {object} OpenModel
 * @property {(pixels: Pixels, wanted?: Wanted) => Promise<import('./results.js').Answer>} predict
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
   * @param {Wanted} [wanted]
   * @returns {Promise<import('./results.js').Answer>}
   */
  async function predict(pixels, { heatMap = false, mask = false } = {}) {
    const names = [...always];
    if (heatMap && bundle.classActivation) names.push(CLASS_ACTIVATION);
    if (mask && bundle.mask) names.push(MASK);
    const outputs = run(pixels, names);
    const shapes = outputs.map(({ shape }) => shape);
    const values = await readAll(outputs);
    /** @param {string} name */
    const places = (name) => {
      const at = names.indexOf(name);
      if (at < 0) return undefined;
      const [, height, width] = /** @type {number[]} */ (shapes[at]);
      return { height, width, values: values[at] };
    };
    /** @type {import('./results.js').Answer} */
    const answer = { probabilities: values[0] };
    if (bundle.known) answer.known = values[1][0];
    const activation = places(CLASS_ACTIVATION);
    const belongs = places(MASK);
    if (activation) answer.activation = activation;
    if (belongs) answer.mask = belongs;
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
