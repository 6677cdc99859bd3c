// A network from graph.json, run by TensorFlow.js's GraphModel: fused operations, and only those that are asked for.

import { loadGraphModel } from '@tensorflow/tfjs-converter';
import { PROBABILITIES } from './contract.js';

/** @typedef {{name: string, op: string, input?: string[]}} Node as graph.json writes an operation */

/** @type {Record<string, import('./inside.js').Kind>} */
const KINDS = {
  Conv2D: 'convolution',
  _FusedConv2D: 'convolution',
  Conv2DBackpropInput: 'convolution',
  DepthwiseConv2dNative: 'convolution',
  FusedDepthwiseConv2dNative: 'convolution',
  AvgPool: 'pooling',
  MaxPool: 'pooling',
  Mean: 'pooling',
  Max: 'pooling',
  MatMul: 'dense',
  _FusedMatMul: 'dense',
};

/** Operations that change no value, or make none that can be looked at. */
const UNSEEN = new Set([
  'Const',
  'Placeholder',
  'Identity',
  'Reshape',
  'Squeeze',
  'Shape',
  'Pack',
  'Cast',
  'NoOp',
]);

/**
 * @param {import('./contract.js').LoadedBundle} bundle
 * @returns {Promise<import('./model.js').Network>}
 */
export async function openGraph({ model, weights }) {
  const network = await loadGraphModel({
    load: async () => ({
      modelTopology: model.modelTopology,
      signature: /** @type {any} */ (model.signature),
      weightSpecs: /** @type {any} */ (model.weightsManifest.flatMap((group) => group.weights)),
      weightData: weights,
    }),
  });
  const layers = layersOf(model);
  return {
    // One output comes as it is, several as a list.
    run: (input, names) =>
      /** @type {import('./model.js').Tensor[]} */ ([network.execute(input, names)].flat()),
    places: () => layers.map(({ name, kind, tensor }) => ({ name, kind, tensor })),
    kernel: (name) => {
      const kernel = layers.find((layer) => layer.name === name)?.kernel;
      return kernel === undefined ? undefined : network.weights[kernel]?.[0];
    },
    dispose: () => network.dispose(),
  };
}

/**
 * The layers that a graph was written from, as far as they lead to the probabilities. Several operations may be one
 * layer; their names then begin with its name.
 * @param {import('./contract.js').ModelJson} model
 * @returns {(import('./inside.js').Place & {kernel?: string})[]} kernel: the weight of a convolution
 */
export function layersOf(model) {
  /** @type {Map<string, Node[]>} */
  const groups = new Map();
  for (const node of leadingTo(model, model.signature?.outputs?.[PROBABILITIES]?.name ?? PROBABILITIES)) {
    if (UNSEEN.has(node.op)) continue;
    const path = node.name.includes('/') ? node.name.slice(0, node.name.lastIndexOf('/')) : node.name;
    groups.set(path, [...(groups.get(path) ?? []), node]);
  }
  const paths = [...groups.keys()];
  return paths.map((path) => {
    const nodes = /** @type {Node[]} */ (groups.get(path));
    const main = nodes.find(({ op }) => KINDS[op] === 'convolution') ?? nodes.find(({ op }) => KINDS[op]);
    const kind = main ? KINDS[main.op] : 'other';
    // What other converters write begins with the names of the networks around a layer.
    const short = path.slice(path.lastIndexOf('/') + 1);
    const alone = paths.filter((other) => other === short || other.endsWith(`/${short}`)).length === 1;
    const place = { name: alone ? short : path, kind, tensor: nodes[nodes.length - 1].name };
    return kind === 'convolution' ? { ...place, kernel: plain(String(main?.input?.[1])) } : place;
  });
}

/**
 * @param {import('./contract.js').ModelJson} model
 * @param {string} output
 * @returns {Node[]} what an output is made from, each after what it reads
 */
function leadingTo(model, output) {
  const nodes = new Map(/** @type {Node[]} */ (model.modelTopology.node).map((node) => [node.name, node]));
  /** @type {Set<Node>} */
  const found = new Set();
  const seen = new Set();
  const visit = (/** @type {string} */ name) => {
    const node = nodes.get(plain(name));
    if (!node || seen.has(node)) return;
    seen.add(node);
    for (const input of node.input ?? []) visit(input);
    found.add(node);
  };
  visit(output);
  return [...found];
}

/** @param {string} name of a tensor: 'node:0', or '^node' for one that must only come first */
function plain(name) {
  return name.replace(/^\^/, '').replace(/:\d+$/, '');
}
