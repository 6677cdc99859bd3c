// Layers have the names that people gave them, whoever wrote the graph; heat maps are 0 to 1.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layersOf } from '../../web/lib/graph.js';
import { isInMemory, memoryReader } from '../../web/lib/memory.js';
import { toHeatMap } from '../../web/lib/results.js';

/** @param {[name: string, op: string, ...inputs: string[]][]} nodes */
const graph = (nodes) =>
  /** @type {any} */ ({
    modelTopology: { node: nodes.map(([name, op, ...input]) => ({ name, op, input })) },
    signature: { outputs: { probabilities: { name: `${nodes[nodes.length - 1][0]}:0` } } },
  });

test('what we wrote: a layer is its node, or the first part of the names of several', () => {
  const layers = layersOf(
    graph([
      ['image', 'Placeholder'],
      ['conv1/kernel', 'Const'],
      ['conv1', '_FusedConv2D', 'image', 'conv1/kernel'],
      ['unused', 'Relu', 'conv1'],
      ['mean/step0', 'AvgPool', 'conv1'],
      ['mean', 'Reshape', 'mean/step0'],
      ['dense/kernel', 'Const'],
      ['dense', '_FusedMatMul', 'mean', 'dense/kernel'],
      ['probabilities', 'Softmax', 'dense'],
    ]),
  );
  assert.deepEqual(layers, [
    { name: 'conv1', kind: 'convolution', tensor: 'conv1', kernel: 'conv1/kernel' },
    { name: 'mean', kind: 'pooling', tensor: 'mean/step0' },
    { name: 'dense', kind: 'dense', tensor: 'dense' },
    { name: 'probabilities', kind: 'other', tensor: 'probabilities' },
  ]);
});

test('what another converter wrote: the last part of a path, where that names one layer alone', () => {
  const layers = layersOf(
    graph([
      ['image', 'Placeholder'],
      ['Call/net/conv1/Conv2D/ReadVariableOp', 'Const'],
      ['Call/net/conv1/BiasAdd', '_FusedConv2D', 'image:0', 'Call/net/conv1/Conv2D/ReadVariableOp'],
      ['Call/net/left/act/Relu', 'Relu', 'Call/net/conv1/BiasAdd'],
      ['Call/net/right/act/Relu', 'Relu', '^Call/net/left/act/Relu'],
    ]),
  );
  assert.deepEqual(
    layers.map(({ name, tensor }) => [name, tensor]),
    [
      ['conv1', 'Call/net/conv1/BiasAdd'],
      ['Call/net/left/act', 'Call/net/left/act/Relu'],
      ['Call/net/right/act', 'Call/net/right/act/Relu'],
    ],
  );
  assert.equal(layers[0].kernel, 'Call/net/conv1/Conv2D/ReadVariableOp');
});

test('a heat map is of one label, without what speaks against it, and 1 at its greatest', () => {
  const activation = { height: 1, width: 3, values: new Float32Array([4, 9, -2, 9, 1, 9]) };
  const map = toHeatMap(activation, ['a', 'b'], 'a');
  assert.deepEqual([map?.label, map?.height, map?.width, ...(map?.values ?? [])], ['a', 1, 3, 1, 0, 0.25]);
});

test('where nothing speaks for a label, its heat map is 0', () => {
  const activation = { height: 1, width: 2, values: new Float32Array([-1, -2]) };
  assert.deepEqual([...(toHeatMap(activation, ['a'], 'a')?.values ?? [])], [0, 0]);
});

test('a model without class activation has no heat map', () => {
  assert.equal(toHeatMap(undefined, ['a'], 'a'), null);
});

test('files in memory are read as from a folder, in whatever form they come', async () => {
  const files = { 'a.json': '{}', 'b.bin': new Uint8Array([1, 2, 3]), 'c/d.bin': new Blob(['four']) };
  const reader = memoryReader({ name: 'mine', files });
  assert.equal(await reader.text('a.json'), '{}');
  let counted = 0;
  const count = (/** @type {number} */ bytes) => {
    counted += bytes;
  };
  assert.equal((await reader.bytes('b.bin', count)).byteLength, 3);
  assert.equal((await reader.bytes('c/d.bin', count)).byteLength, 4);
  assert.equal(counted, 7);
  await assert.rejects(
    reader.text('toString'),
    /has no file toString[\s\S]*there are a\.json, b\.bin, c\/d\.bin/,
  );
});

test('only a name and files together are a model in memory', () => {
  assert.ok(isInMemory({ name: 'mine', files: {} }));
  for (const other of ['mine', null, undefined, 7, { name: 'mine' }, { files: {} }]) {
    assert.ok(!isInMemory(other));
  }
});
