// A network from graph.json, run by TensorFlow.js's GraphModel: fused operations, and only those that are asked for.

import { loadGraphModel } from '@tensorflow/tfjs-converter';
import { KNOWN, PROBABILITIES } from './contract.js';

/**
 * @param {import('./contract.js').LoadedBundle} bundle
 * @returns {Promise<import('./model.js').Network>}
 */
export async function openGraph({ model, weights, known }) {
  const outputs = known ? [PROBABILITIES, KNOWN] : [PROBABILITIES];
  const network = await loadGraphModel({
    load: async () => ({
      modelTopology: model.modelTopology,
      signature: /** @type {any} */ (model.signature),
      weightSpecs: /** @type {any} */ (model.weightsManifest.flatMap((group) => group.weights)),
      weightData: weights,
    }),
  });
  return {
    // One output comes as it is, several as a list.
    run: (input) => /** @type {import('./model.js').Tensor[]} */ ([network.execute(input, outputs)].flat()),
    dispose: () => network.dispose(),
  };
}
