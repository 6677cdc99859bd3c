// Puts trained heads into the network that Teach learns with: a whole bundle, as pytrain's exporter writes it.

import { SCHEMA } from '../contract.js';
import { PytrainError } from '../errors.js';
import { tfjsVersion, version } from '../version.js';
import { sha256 } from './sha256.js';

/** As the exporter cuts weight files. */
const SHARD_BYTES = 4 * 1024 * 1024;

/** @typedef {import('../contract.js').WeightSpec} WeightSpec */
/** @typedef {import('../contract.js').ModelJson} ModelJson */

/** An entry of a weights manifest and its bytes. @typedef {{entry: WeightSpec, bytes: Uint8Array}} Weight */

/**
 * @typedef {object} Trained
 * @property {string} name of the model
 * @property {string[]} labels
 * @property {import('./fit/heads.js').Head} logits
 * @property {import('./fit/heads.js').Head} known
 * @property {object} calibration
 * @property {object} metrics
 * @property {object} dataset
 * @property {object} training
 */

/**
 * @param {import('./backbone.js').Backbone} backbone
 * @param {Trained} trained
 * @returns {Promise<Record<string, Uint8Array<ArrayBuffer> | string>>} files by their path; without golden frames
 */
export async function writeBundle(backbone, trained) {
  const { head } = backbone;
  const classes = trained.labels.length;
  const [graph, layers, metadata] = await Promise.all(
    ['graph.json', 'model.json', 'metadata.json'].map(async (file) => JSON.parse(await backbone.text(file))),
  );
  setNumbers(graph, head.perClass.graph, classes);
  setNumbers(layers, head.perClass.layers, classes);
  const replaced = headWeights(head, trained);
  /** @type {Record<string, Uint8Array<ArrayBuffer> | string>} */
  const files = {};
  /** Groups that both topologies name are written once. @type {Map<string, ModelJson['weightsManifest'][number]>} */
  const groups = new Map();
  for (const model of /** @type {ModelJson[]} */ ([layers, graph])) {
    for (const [at, group] of model.weightsManifest.entries()) {
      const key = group.paths.join();
      if (!groups.has(key)) groups.set(key, await rewrite(backbone, group, replaced, classes, files));
      model.weightsManifest[at] = /** @type {ModelJson['weightsManifest'][number]} */ (groups.get(key));
    }
    model.weightsManifest = inReadableOrder(model.weightsManifest, files);
  }
  files['model.json'] = JSON.stringify(layers);
  files['graph.json'] = JSON.stringify(graph);
  files['metadata.json'] = describe(metadata, head, trained, files, graph);
  return files;
}

/**
 * Adds pictures and what the model answers to them, for every client to check itself with.
 * @param {Record<string, Uint8Array<ArrayBuffer> | string>} files of a bundle
 * @param {{picture: Uint8Array<ArrayBuffer>, label: string | null, probabilities: number[], known: number}[]} frames PNG
 */
export function addGolden(files, frames) {
  const entries = frames.map(({ picture, ...entry }, number) => {
    const file = `${String(number).padStart(2, '0')}.png`;
    files[`golden/${file}`] = picture;
    return { file, ...entry };
  });
  files['golden/golden.json'] = `${JSON.stringify({ schema: SCHEMA, frames: entries }, null, 1)}\n`;
  const metadata = JSON.parse(/** @type {string} */ (files['metadata.json']));
  metadata.pytrain.golden = frames.length;
  files['metadata.json'] = `${JSON.stringify(metadata, null, 1)}\n`;
}

/**
 * The weights that belong to classes, as float32: they are small, and every answer hangs on them.
 * @param {import('./backbone.js').HeadJson} head
 * @param {Trained} trained
 * @returns {Map<string, Weight>}
 */
function headWeights({ layers, width }, { labels, logits, known }) {
  const classes = labels.length;
  const any = Float32Array.from({ length: classes + 1 }, (_, at) => Number(at < classes));
  /** @type {[string, Float32Array, number[]][]} */
  const made = [
    [layers.logits.kernel, logits.kernel, [width, classes]],
    [layers.logits.bias, logits.bias, [classes]],
    [layers.known.kernel, known.kernel, [width, classes + 1]],
    [layers.known.bias, known.bias, [classes + 1]],
    [layers.anyClass, any, [classes + 1, 1]],
  ];
  return new Map(
    made.map(([name, values, shape]) => {
      const size = shape.reduce((product, side) => product * side, 1);
      if (values.length !== size || !values.every(Number.isFinite)) {
        throw new PytrainError(
          'The training gave numbers that no model can have.',
          null,
          'Train again; if that does not help, delete pictures that show nothing at all.',
        );
      }
      const bytes = new Uint8Array(values.slice().buffer);
      return [name, { entry: { name, shape, dtype: 'float32' }, bytes }];
    }),
  );
}

/**
 * @param {import('./backbone.js').Backbone} backbone
 * @param {ModelJson['weightsManifest'][number]} group
 * @param {Map<string, Weight>} replaced
 * @param {number} classes
 * @param {Record<string, Uint8Array<ArrayBuffer> | string>} files
 */
async function rewrite(backbone, group, replaced, classes, files) {
  const shards = await Promise.all(group.paths.map((path) => backbone.bytes(path)));
  const whole = new Uint8Array(await new Blob(shards).arrayBuffer());
  let at = 0;
  const weights = group.weights.map((entry) => {
    const size = bytesOf(entry);
    const bytes = whole.subarray(at, at + size);
    at += size;
    const { constants } = backbone.head.perClass;
    const found = replaced.get(entry.name) ?? { entry, bytes };
    return constants[entry.name]
      ? { entry, bytes: counted(bytes, entry, constants[entry.name], classes) }
      : found;
  });
  if (at !== whole.length) {
    throw new PytrainError(
      'The network that is needed to learn is damaged.',
      `${at.toLocaleString('en')} bytes of weights, and there are ${whole.length.toLocaleString('en')}`,
      'Load the page again; if that does not help, make it anew with: make backbone',
    );
  }
  const prefix = group.paths[0].slice(0, group.paths[0].lastIndexOf('-'));
  const bytes = new Uint8Array(
    await new Blob(weights.map((one) => /** @type {any} */ (one.bytes))).arrayBuffer(),
  );
  const paths = [];
  for (let start = 0; start < bytes.length; start += SHARD_BYTES) {
    const shard = bytes.slice(start, start + SHARD_BYTES);
    const path = `${prefix}-${sha256(shard).slice(0, 16)}.bin`;
    files[path] = shard;
    paths.push(path);
  }
  return { paths, weights: weights.map(({ entry }) => entry) };
}

/** @param {WeightSpec} entry */
function bytesOf({ shape, dtype, quantization }) {
  const stored = quantization?.dtype ?? dtype;
  const each = { float32: 4, int32: 4, float16: 2, uint16: 2, uint8: 1, bool: 1 }[stored];
  if (!each) throw new TypeError(`unknown dtype ${stored}`);
  return shape.reduce((product, side) => product * side, each);
}

/**
 * Whole numbers that depend on the classes.
 * @param {Uint8Array} bytes
 * @param {WeightSpec} entry
 * @param {import('./backbone.js').PerClass[]} numbers
 * @param {number} classes
 */
function counted(bytes, { shape }, numbers, classes) {
  const values = new Int32Array(bytes.slice().buffer);
  for (const { at, base, each } of numbers) {
    const place = at.reduce((/** @type {number} */ sum, index, axis) => sum * shape[axis] + Number(index), 0);
    values[place] = base + each * classes;
  }
  return new Uint8Array(values.buffer);
}

/**
 * @param {any} content
 * @param {import('./backbone.js').PerClass[]} numbers
 * @param {number} classes
 */
function setNumbers(content, numbers, classes) {
  for (const { at, base, each } of numbers) {
    const holder = at.slice(0, -1).reduce((inside, key) => inside[key], content);
    const last = at[at.length - 1];
    const number = base + each * classes;
    // Protocol buffers write some numbers as text.
    holder[last] = typeof holder[last] === 'string' ? String(number) : number;
  }
}

/**
 * TensorFlow.js 4.22 takes files for equally large if all but the last are, and misreads a larger last; see
 * _in_readable_order in pytrain/export/writing/weights.py.
 * @param {ModelJson['weightsManifest']} groups
 * @param {Record<string, Uint8Array<ArrayBuffer> | string>} files
 */
function inReadableOrder(groups, files) {
  const sizes = groups.flatMap(({ paths }) => paths.map((path) => files[path].length));
  const [last] = sizes.slice(-1);
  const misread = sizes.length > 1 && last > sizes[0] && new Set(sizes.slice(0, -1)).size === 1;
  return misread ? [...groups].reverse() : groups;
}

/**
 * metadata.json: Teachable Machine's keys, and ours in one block.
 * @param {any} former of the backbone
 * @param {import('./backbone.js').HeadJson} head
 * @param {Trained} trained
 * @param {Record<string, Uint8Array<ArrayBuffer> | string>} files
 * @param {ModelJson} graph
 */
function describe(former, head, trained, files, graph) {
  const weights = Object.entries(files).filter(([path]) => path.endsWith('.bin'));
  const named = new Map(
    graph.weightsManifest.flatMap((group) => group.weights).map((one) => [one.name, one]),
  );
  const parameters = [...named.values()]
    .filter(({ dtype, name }) => dtype === 'float32' && !name.startsWith('constant'))
    .reduce((sum, { shape }) => sum + shape.reduce((product, side) => product * side, 1), 0);
  const { input, formats, outputs } = former.pytrain;
  const content = {
    tfjsVersion,
    packageName: 'pytrain',
    packageVersion: version,
    timeStamp: new Date().toISOString(),
    modelName: trained.name,
    userMetadata: {},
    labels: trained.labels,
    imageSize: former.imageSize,
    pytrain: {
      schema: SCHEMA,
      input,
      formats,
      outputs,
      golden: 0,
      calibration: trained.calibration,
      metrics: trained.metrics,
      weights: {
        dtype: former.pytrain.weights.dtype,
        bytes: weights.reduce((sum, [, content]) => sum + content.length, 0),
        parameters,
      },
      source: { file: null, made: 'in the browser', backbone: head.backbone },
      dataset: trained.dataset,
      training: trained.training,
      verification: { checked: false, why: 'made in a browser' },
      versions: { tfjs: tfjsVersion },
    },
  };
  return `${JSON.stringify(content, null, 1)}\n`;
}
