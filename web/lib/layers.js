// A network from model.json, run by TensorFlow.js's LayersModel, for bundles without graph.json.

import { loadLayersModel } from '@tensorflow/tfjs-layers';
import { PROBABILITIES } from './contract.js';

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
  const answer = network.outputs[0].name;
  return {
    run: (input, names) =>
      /** @type {import('./model.js').Tensor[]} */ (
        network.execute(
          input,
          names.map((name) => (name === PROBABILITIES ? answer : name)),
        )
      ),
    places: () =>
      network.layers
        .filter((layer) => !UNSEEN.has(layer.getClassName()))
        .map((layer) => ({
          name: layer.name,
          kind: kindOf(layer.getClassName()),
          tensor: [layer.output].flat()[0].name,
        })),
    kernel: (name) => network.getLayer(name).getWeights()[0],
    dispose: () => network.dispose(),
  };
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
