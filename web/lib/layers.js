// A network from model.json, run by TensorFlow.js's LayersModel, for bundles without graph.json.

import { loadLayersModel } from '@tensorflow/tfjs-layers';

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
  return {
    run: (input) => [/** @type {import('./model.js').Tensor} */ (network.predict(input))],
    dispose: () => network.dispose(),
  };
}
