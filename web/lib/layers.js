// A network from model.json, run by TensorFlow.js's LayersModel, for bundles without graph.json.

import { clone, dispose, keep } from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import { PROBABILITIES } from './contract.js';

/** @typedef {import('./model.js').Tensor} Tensor */
/** @typedef {import('@tensorflow/tfjs-layers').layers.Layer} Layer */

/** Layers that change no value that could be looked at. */
const UNSEEN = new Set(['InputLayer', 'Flatten', 'Reshape', 'Dropout']);

/**
 * @param {import('./contract.js').LoadedBundle} bundle
 * @returns {Promise<import('./model.js').Network>}
 */
export async function openLayers({ model, weights }) {
  const network = await loadLayersModel({
    load: async () => ({
      modelTopology: model.modelTopology,
      weightSpecs: /** @type {any} */ (model.weightsManifest.flatMap((group) => group.weights)),
      weightData: weights,
    }),
  });
  const layers = layersIn(network);
  return {
    run: (input, names) => {
      const inside = names.filter((name) => name !== PROBABILITIES);
      const seen = watched(
        inside.map((name) => /** @type {Layer} */ (layers.get(name))),
        () => [network.predict(input)].flat()[0],
      );
      return names.map((name) => (name === PROBABILITIES ? seen.value : seen.outputs[inside.indexOf(name)]));
    },
    places: () =>
      [...layers]
        .filter(([, layer]) => !UNSEEN.has(layer.getClassName()))
        .map(([name, layer]) => ({ name, kind: kindOf(layer.getClassName()), tensor: name })),
    kernel: (name) => layers.get(name)?.getWeights()[0],
    dispose: () => network.dispose(),
  };
}

/**
 * The layers of a network and of the networks in it, such as Teachable Machine's, by name; where a name is taken twice,
 * with the names of the networks around it.
 * @param {{layers: Layer[]}} network
 * @returns {Map<string, Layer>}
 */
function layersIn(network) {
  const all = flat(network, '');
  const count = (/** @type {string} */ name) => all.filter(({ layer }) => layer.name === name).length;
  return new Map(all.map(({ path, layer }) => [count(layer.name) === 1 ? layer.name : path, layer]));
}

/**
 * @param {{layers: Layer[]}} network
 * @param {string} before the names of the networks around it
 * @returns {{path: string, layer: Layer}[]}
 */
function flat({ layers }, before) {
  return layers.flatMap((layer) => {
    const path = before + layer.name;
    return 'layers' in layer ? flat(/** @type {any} */ (layer), `${path}/`) : [{ path, layer }];
  });
}

/**
 * Does some work, and looks at what layers give meanwhile: TensorFlow.js names what a network in a network makes by no
 * name that it could be asked for.
 * @template T
 * @param {Layer[]} layers
 * @param {() => T} work
 * @returns {{value: T, outputs: Tensor[]}} to be disposed by whoever asks
 */
function watched(layers, work) {
  /** @type {Tensor[]} */
  const outputs = [];
  try {
    for (const [at, layer] of layers.entries()) {
      const call = layer.call.bind(layer);
      layer.call = (...given) => {
        const output = call(...given);
        outputs[at]?.dispose(); // of a layer that is used more than once the last counts
        outputs[at] = keep(clone([output].flat()[0]));
        return output;
      };
    }
    return { value: work(), outputs };
  } catch (error) {
    dispose(outputs);
    throw error;
  } finally {
    for (const layer of layers) delete (/** @type {any} */ (layer).call);
  }
}

/**
 * @param {string} type the class of a layer
 * @returns {import('./inside.js').Kind}
 */
function kindOf(type) {
  if (type.includes('Conv')) return 'convolution';
  if (type.includes('Pooling')) return 'pooling';
  return type === 'Dense' ? 'dense' : 'other';
}
