// A bundle that is not whole, or not of our schema, is refused in words that say what to do.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readManifest, readWeights } from '../../web/lib/contract.js';
import { PytrainError } from '../../web/lib/errors.js';

const metadata = {
  labels: ['circle', 'square'],
  pytrain: {
    schema: 1,
    input: { shape: [224, 224, 3], range: [-1, 1] },
    calibration: { unknown_threshold: 0.6 },
  },
};
const model = {
  format: 'layers-model',
  modelTopology: {},
  weightsManifest: [
    {
      paths: ['weights-1.bin', 'weights-2.bin'],
      weights: [
        { name: 'a', shape: [3, 2], dtype: 'float32' },
        { name: 'b', shape: [], dtype: 'float32', quantization: { dtype: 'uint8' } },
      ],
    },
  ],
};

const graph = {
  format: 'graph-model',
  modelTopology: { node: [{ name: 'image', op: 'Placeholder' }] },
  signature: { outputs: { probabilities: { tensorShape: { dim: [{ size: '-1' }, { size: '2' }] } } } },
  weightsManifest: [
    ...model.weightsManifest,
    {
      paths: ['constants-3.bin'],
      weights: [
        { name: 'axes', shape: [2], dtype: 'int32' },
        { name: 'c', shape: [3], dtype: 'float32', quantization: { dtype: 'float16' } },
      ],
    },
  ],
};

/** Metadata of a bundle that says which topologies it has. @param {object} formats */
const having = (formats) => ({ ...metadata, pytrain: { ...metadata.pytrain, formats } });

/**
 * A reader of files that are only in memory.
 * @param {Record<string, string | ArrayBuffer>} files
 * @returns {import('../../web/lib/contract.js').Reader}
 */
function reader(files) {
  return {
    name: 'shapes',
    text: async (file) => /** @type {string} */ (files[file]),
    bytes: async (file, onBytes) => {
      const buffer = /** @type {ArrayBuffer} */ (files[file]);
      onBytes(buffer.byteLength);
      return buffer;
    },
  };
}

/**
 * @param {any} metadata
 * @param {any} graph
 * @param {'graph' | 'layers'} [format]
 */
const graphManifestOf = (metadata, graph, format) => {
  const files = { 'metadata.json': metadata, 'model.json': model, 'graph.json': graph };
  const texts = Object.entries(files).map(([file, content]) => [file, JSON.stringify(content)]);
  return readManifest(reader(Object.fromEntries(texts)), format);
};

/**
 * @param {any} metadata
 * @param {any} model
 */
const manifestOf = (metadata, model) =>
  readManifest(reader({ 'metadata.json': JSON.stringify(metadata), 'model.json': JSON.stringify(model) }));

test('a whole bundle gives labels, threshold and all its bytes', async () => {
  const manifest = await manifestOf(metadata, model);
  assert.deepEqual(manifest.labels, ['circle', 'square']);
  assert.equal(manifest.threshold, 0.6);
  /** @type {{loaded: number, total: number}[]} */
  const progress = [];
  const files = { 'weights-1.bin': new ArrayBuffer(20), 'weights-2.bin': new ArrayBuffer(5) };
  const { weights } = await readWeights(reader(files), manifest, (step) => progress.push(step));
  assert.deepEqual(
    weights.map((buffer) => buffer.byteLength),
    [20, 5],
  );
  assert.deepEqual(progress[0], { loaded: 0, total: 25 });
  assert.deepEqual(progress.at(-1), { loaded: 25, total: 25 });
});

test('a weight file that was cut off says how many bytes are missing', async () => {
  const manifest = await manifestOf(metadata, model);
  const files = { 'weights-1.bin': new ArrayBuffer(20), 'weights-2.bin': new ArrayBuffer(4) };
  await assert.rejects(readWeights(reader(files), manifest), (/** @type {PytrainError} */ error) => {
    assert.ok(error instanceof PytrainError);
    assert.equal(error.what, 'shapes: the weight files weights-1.bin, weights-2.bin hold 24 bytes.');
    assert.equal(error.expected, '25 bytes, as model.json says');
    assert.match(String(error.fix), /copy the whole folder/);
    return true;
  });
});

test('another schema version is refused, and so is none', async () => {
  const newer = { ...metadata, pytrain: { schema: 2 } };
  await assert.rejects(
    manifestOf(newer, model),
    /has schema version 2\.\nExpected: pytrain schema version 1/,
  );
  await assert.rejects(manifestOf({ labels: ['a', 'b'] }, model), /has no pytrain schema version/);
});

test('labels that are no list of names are refused', async () => {
  await assert.rejects(manifestOf({ ...metadata, labels: ['one'] }, model), /has the labels \["one"\]/);
});

test('an input that this library does not make is refused', async () => {
  const other = { ...metadata, pytrain: { schema: 1, input: { shape: [96, 96, 1], range: [0, 1] } } };
  await assert.rejects(manifestOf(other, model), /asks for an input of shape \[96,96,1\] and range \[0,1\]/);
});

test('a model.json without weights, or cut off, is refused', async () => {
  await assert.rejects(
    manifestOf(metadata, { modelTopology: {} }),
    /model\.json has no usable weights manifest/,
  );
  const cut = { 'metadata.json': JSON.stringify(metadata), 'model.json': '{"modelTopo' };
  await assert.rejects(readManifest(reader(cut)), /shapes: model\.json is no JSON, or is cut off/);
});

test('the fingerprint changes with the names of the weight files', async () => {
  const other = structuredClone(model);
  other.weightsManifest[0].paths[0] = 'weights-3.bin';
  const before = await manifestOf(metadata, model);
  assert.notEqual((await manifestOf(metadata, other)).fingerprint, before.fingerprint);
});

test('graph.json is used where the model has it, model.json where it has not or is asked for', async () => {
  const both = having({ graph: true, layers: true });
  assert.equal((await graphManifestOf(both, graph)).format, 'graph');
  assert.equal((await graphManifestOf(both, graph, 'layers')).format, 'layers');
  assert.equal((await graphManifestOf(metadata, graph)).format, 'layers');
  assert.equal((await graphManifestOf(having({ graph: true, layers: false }), graph)).format, 'graph');
});

test('a format that the model does not have is refused with the reason', async () => {
  const only = having({ graph: true, layers: false, why: 'resize cannot be said in layers' });
  await assert.rejects(graphManifestOf(only, graph, 'layers'), {
    message:
      'shapes has no model.json: resize cannot be said in layers.\n' +
      'What to do: Leave the option format out, or export the model again.',
  });
  await assert.rejects(graphManifestOf(metadata, graph, 'graph'), /shapes has no graph\.json\./);
});

test('every weight group of a graph is read, smaller numbers and constants too', async () => {
  const manifest = await graphManifestOf(having({ graph: true, layers: true }), graph);
  const files = {
    'weights-1.bin': new ArrayBuffer(20),
    'weights-2.bin': new ArrayBuffer(5),
    'constants-3.bin': new ArrayBuffer(14),
  };
  assert.equal((await readWeights(reader(files), manifest)).weights.length, 3);
  files['constants-3.bin'] = new ArrayBuffer(13);
  await assert.rejects(
    readWeights(reader(files), manifest),
    /constants-3\.bin hold 13 bytes\.\nExpected: 14 bytes, as graph\.json says/,
  );
});

test('a graph.json that is damaged says so by its name', async () => {
  const both = having({ graph: true, layers: true });
  const damaged = /** @type {[any, RegExp][]} */ ([
    [{ ...graph, format: 'layers-model' }, /graph\.json holds no graph-model of TensorFlow\.js/],
    [{ ...graph, modelTopology: {} }, /graph\.json holds no graph-model of TensorFlow\.js/],
    [{ ...graph, weightsManifest: undefined }, /graph\.json has no usable weights manifest/],
    [{ ...graph, signature: { outputs: { logits: {} } } }, /names logits\.\nExpected: an output called prob/],
  ]);
  for (const [content, words] of damaged) await assert.rejects(graphManifestOf(both, content), words);
  const three = structuredClone(graph);
  three.signature.outputs.probabilities.tensorShape.dim[1].size = '3';
  await assert.rejects(
    graphManifestOf(both, three),
    /graph\.json gives 3 numbers, metadata\.json has 2 labels/,
  );
});

/** Metadata and graph of a model that says how surely a picture is one of its labels. */
const scored = {
  ...metadata,
  pytrain: {
    ...metadata.pytrain,
    formats: { graph: true, layers: true },
    calibration: { unknown_threshold: 0.3, score: 'known' },
  },
};
const knowing = {
  ...graph,
  signature: { outputs: { ...graph.signature.outputs, known: {} } },
};

test('unknown is told by the output known where metadata.json says so', async () => {
  const { score, threshold, known } = await graphManifestOf(scored, knowing);
  assert.deepEqual([score, threshold, known], ['known', 0.3, true]);
  const plain = await graphManifestOf(having({ graph: true, layers: true }), graph);
  assert.deepEqual([plain.score, plain.threshold, plain.known], ['max_probability', 0.6, false]);
});

test('model.json does not know, so it never answers unknown by that score', async () => {
  const { score, threshold, known } = await graphManifestOf(scored, knowing, 'layers');
  assert.deepEqual([score, threshold, known], ['max_probability', 0, false]);
});

test('a score that the model does not give, or that nobody knows, is refused', async () => {
  await assert.rejects(graphManifestOf(scored, graph), /shapes: graph\.json has no output known/);
  const strange = structuredClone(scored);
  strange.pytrain.calibration.score = 'mood';
  await assert.rejects(graphManifestOf(strange, knowing), /has the score "mood"/);
});
