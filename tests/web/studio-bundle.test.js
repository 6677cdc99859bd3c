// How a trained model is written: the same numbers, names and order of files as pytrain's exporter gives.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { addGolden, writeBundle } from '../../web/lib/studio/bundle-writer.js';
import { sha256 } from '../../web/lib/studio/sha256.js';
import { withViews } from '../../web/lib/studio/views.js';

test('files are named by the same hash as everywhere', () => {
  for (const length of [0, 1, 55, 56, 63, 64, 65, 119, 120, 1000, 4097]) {
    const bytes = Uint8Array.from({ length }, (_, at) => (at * 31 + length) & 255);
    assert.equal(sha256(bytes), createHash('sha256').update(bytes).digest('hex'));
  }
});

const WIDTH = 6;
const BODY = 5 * 1024 * 1024;

/** A network of placeholders, as small as one can be but for a body that fills more than one file. */
function backboneOf() {
  const body = new Uint8Array(BODY).fill(7);
  const shared = [
    { name: 'conv/kernel', shape: [BODY / 2], dtype: 'float32', quantization: { dtype: 'float16' } },
    { name: 'logits/kernel', shape: [WIDTH, 7], dtype: 'float32', quantization: { dtype: 'float16' } },
    { name: 'logits/bias', shape: [7], dtype: 'float32' },
  ];
  const own = [
    { name: 'known_scores/kernel', shape: [WIDTH, 8], dtype: 'float32' },
    { name: 'known_scores/bias', shape: [8], dtype: 'float32' },
    { name: 'known/kernel', shape: [8, 1], dtype: 'float32' },
    { name: 'constant/0', shape: [2], dtype: 'int32' },
  ];
  const weights = new Uint8Array([...new Uint8Array(WIDTH * 7 * 2), ...new Uint8Array(28)]);
  const constants = new Uint8Array(Int32Array.of(49, 28).buffer);
  /** @type {Record<string, Uint8Array<ArrayBuffer>>} */
  const files = {
    'weights-a.bin': body.slice(0, 4 * 1024 * 1024),
    'weights-b.bin': new Uint8Array([...body.slice(4 * 1024 * 1024), ...weights]),
    'constants-c.bin': new Uint8Array([...new Uint8Array(4 * (WIDTH * 8 + 8 + 8)), ...constants]),
  };
  const group = { paths: ['weights-a.bin', 'weights-b.bin'], weights: shared };
  const json = {
    'model.json': { modelTopology: { units: 7 }, weightsManifest: [group] },
    'graph.json': {
      modelTopology: { node: [{ size: '7' }, { size: '8' }] },
      weightsManifest: [group, { paths: ['constants-c.bin'], weights: own }],
    },
    'metadata.json': {
      imageSize: 224,
      pytrain: { input: {}, formats: {}, outputs: {}, weights: { dtype: 'float16' } },
    },
  };
  const at = (/** @type {(string | number)[]} */ ...path) => ({ at: path, base: 0, each: 1 });
  return {
    url: '',
    head: /** @type {any} */ ({
      width: WIDTH,
      backbone: { name: 'small', digest: 'abc' },
      layers: {
        logits: { kernel: 'logits/kernel', bias: 'logits/bias' },
        known: { kernel: 'known_scores/kernel', bias: 'known_scores/bias' },
        anyClass: 'known/kernel',
      },
      perClass: {
        graph: [
          at('modelTopology', 'node', 0, 'size'),
          { ...at('modelTopology', 'node', 1, 'size'), base: 1 },
        ],
        layers: [at('modelTopology', 'units')],
        constants: { 'constant/0': [{ at: [1], base: 0, each: 4 }] },
      },
    }),
    text: async (/** @type {string} */ file) => JSON.stringify(/** @type {any} */ (json)[file]),
    bytes: async (/** @type {string} */ file) => files[file].slice().buffer,
  };
}

/** @param {number} classes */
const trained = (classes) => ({
  name: 'mine',
  labels: Array.from({ length: classes }, (_, at) => `class ${at}`),
  logits: {
    kernel: Float32Array.from({ length: WIDTH * classes }, (_, at) => at),
    bias: new Float32Array(classes).fill(0.5),
  },
  known: {
    kernel: new Float32Array(WIDTH * (classes + 1)).fill(0.25),
    bias: new Float32Array(classes + 1),
  },
  calibration: { score: 'known' },
  metrics: {},
  dataset: {},
  training: {},
});

/**
 * @param {Record<string, any>} files
 * @param {any} model
 */
function weightsOf(files, model) {
  /** @type {Record<string, {entry: any, bytes: Buffer}>} */
  const found = {};
  for (const { paths, weights } of model.weightsManifest) {
    const bytes = Buffer.concat(paths.map((/** @type {string} */ path) => files[path]));
    let at = 0;
    for (const entry of weights) {
      const each =
        { float16: 2, float32: 4, int32: 4 }[String(entry.quantization?.dtype ?? entry.dtype)] ?? 0;
      const size = entry.shape.reduce((/** @type {number} */ a, /** @type {number} */ b) => a * b, each);
      found[entry.name] = { entry, bytes: bytes.subarray(at, at + size) };
      at += size;
    }
    assert.equal(at, bytes.length);
  }
  return found;
}

test('heads of any number of classes are put in, and every number that depends on it is right', async () => {
  for (const classes of [2, 3, 12]) {
    const files = await writeBundle(backboneOf(), trained(classes));
    const graph = JSON.parse(String(files['graph.json']));
    const layers = JSON.parse(String(files['model.json']));
    assert.deepEqual(graph.modelTopology.node, [{ size: String(classes) }, { size: String(classes + 1) }]);
    assert.equal(layers.modelTopology.units, classes);
    assert.deepEqual(graph.weightsManifest[0], layers.weightsManifest[0]);
    const weights = weightsOf(files, graph);
    assert.deepEqual(weights['logits/kernel'].entry, {
      name: 'logits/kernel',
      shape: [WIDTH, classes],
      dtype: 'float32',
    });
    assert.equal(weights['logits/kernel'].bytes.readFloatLE(4 * (WIDTH * classes - 1)), WIDTH * classes - 1);
    assert.equal(weights['known_scores/bias'].bytes.length, 4 * (classes + 1));
    const any = new Float32Array(classes + 1).fill(1, 0, classes);
    assert.deepEqual(weights['known/kernel'].bytes, Buffer.from(any.buffer));
    assert.equal(weights['constant/0'].bytes.readInt32LE(0), 49);
    assert.equal(weights['constant/0'].bytes.readInt32LE(4), 4 * classes);
    assert.ok(weights['conv/kernel'].bytes.every((byte) => byte === 7));
  }
});

test('files are cut as the exporter cuts them, and named by what is in them', async () => {
  const files = await writeBundle(backboneOf(), trained(3));
  const names = Object.keys(files).filter((name) => name.endsWith('.bin'));
  assert.deepEqual(
    names.map((name) => name.split('-')[0]),
    ['weights', 'weights', 'constants'],
  );
  for (const name of names) {
    const content = /** @type {Uint8Array} */ (files[name]);
    assert.ok(content.length <= 4 * 1024 * 1024);
    assert.equal(
      name.split('-')[1],
      `${createHash('sha256').update(content).digest('hex').slice(0, 16)}.bin`,
    );
  }
  const metadata = JSON.parse(String(files['metadata.json']));
  assert.deepEqual(metadata.labels, ['class 0', 'class 1', 'class 2']);
  assert.equal(metadata.imageSize, 224);
  assert.equal(metadata.pytrain.schema, 1);
  const bytes = names.reduce((sum, name) => sum + files[name].length, 0);
  assert.equal(metadata.pytrain.weights.bytes, bytes);
});

test('golden frames are listed with what was answered', async () => {
  const files = await writeBundle(backboneOf(), trained(2));
  const picture = Uint8Array.of(1, 2, 3);
  addGolden(files, [{ picture, label: 'class 1', probabilities: [0.25, 0.75], known: 0.5 }]);
  assert.deepEqual(JSON.parse(String(files['golden/golden.json'])), {
    schema: 1,
    frames: [{ file: '00.png', label: 'class 1', probabilities: [0.25, 0.75], known: 0.5 }],
  });
  assert.equal(files['golden/00.png'], picture);
  assert.equal(JSON.parse(String(files['metadata.json'])).pytrain.golden, 1);
});

test('weights that are no numbers make no bundle', async () => {
  const broken = trained(2);
  broken.logits.kernel[3] = Number.NaN;
  await assert.rejects(writeBundle(backboneOf(), broken), /numbers that no model can have/);
});

test('a growing class wastes few views, and both kinds come', () => {
  const pictures = Array.from({ length: 500 }, (_, at) => ({ id: `picture-${at}` }));
  let before = new Set();
  for (const count of [1, 10, 30, 60, 100, 500]) {
    const views = withViews(pictures.slice(0, count), 3);
    assert.ok(views.length >= Math.min(count, 16) && views.length <= 33, `${views.length} of ${count}`);
    const now = new Set(views.map(({ id }) => id));
    const kept = [...before].filter((id) => now.has(id)).length;
    assert.ok(before.size === 0 || kept >= 1);
    before = now;
  }
  const views = withViews(pictures.slice(0, 100), 3);
  const mirrored = views.filter((view) => view.mirrored).length;
  assert.ok(mirrored > 4 && mirrored < views.length - 4);
  assert.deepEqual(withViews(pictures.slice(0, 100), 3), views);
  assert.deepEqual(withViews([], 3), []);
});
