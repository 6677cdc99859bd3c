// The fastest backend is used if it is really faster and answers the same; the choice is remembered.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fastest, measureAll, median, recall, remember } from '../../web/lib/backend.js';

/** @typedef {import('../../web/lib/backend.js').Backend} Backend */

/**
 * An engine that answers in a given time.
 * @param {Backend} backend
 * @param {number | Error} time
 * @param {number[]} [probabilities]
 */
function engine(backend, time, probabilities = [0.9, 0.1]) {
  return {
    backend,
    closed: 0,
    async measure() {
      if (time instanceof Error) throw time;
      return { milliseconds: time, probabilities: new Float32Array(probabilities) };
    },
    close() {
      this.closed++;
    },
  };
}

/**
 * @param {ReturnType<typeof engine>} current
 * @param {ReturnType<typeof engine>[]} others
 */
const measure = (current, others) =>
  measureAll(
    current,
    others.map(({ backend }) => backend),
    async (name) => /** @type {ReturnType<typeof engine>} */ (others.find(({ backend }) => backend === name)),
  );

test('a backend that is faster wins and the others are closed', async () => {
  const [wasm, webgl, webgpu] = [engine('wasm', 40), engine('webgl', 12), engine('webgpu', 8)];
  const { winner, measured } = await measure(wasm, [webgl, webgpu]);
  assert.equal(winner, webgpu);
  assert.deepEqual([wasm.closed, webgl.closed, webgpu.closed], [0, 1, 0]);
  assert.deepEqual(
    measured.map(({ backend, milliseconds }) => [backend, milliseconds]),
    [
      ['wasm', 40],
      ['webgl', 12],
      ['webgpu', 8],
    ],
  );
});

test('a backend that is hardly faster does not win', async () => {
  const [wasm, webgl] = [engine('wasm', 10), engine('webgl', 9.5)];
  assert.equal((await measure(wasm, [webgl])).winner, wasm);
  assert.equal(webgl.closed, 1);
});

test('a backend that answers otherwise is not used, however fast', async () => {
  const [wasm, webgl] = [engine('wasm', 40), engine('webgl', 1, [0.8, 0.2])];
  const { winner, measured } = await measure(wasm, [webgl]);
  assert.equal(winner, wasm);
  assert.match(String(measured[1].note), /differ by 0\.1/);
  assert.equal(webgl.closed, 1);
});

test('a backend that fails stands in the table with its reason', async () => {
  const [wasm, webgl, webgpu] = [
    engine('wasm', 40),
    engine('webgl', new Error('no shader')),
    engine('webgpu', 5),
  ];
  const { winner, measured } = await measure(wasm, [webgl, webgpu]);
  assert.equal(winner, webgpu);
  assert.deepEqual(measured[1], { backend: 'webgl', note: 'no shader' });
  assert.equal(webgl.closed, 1);
});

test('of equal times the current backend stays', () => {
  const rows = [
    { backend: /** @type {Backend} */ ('webgl'), milliseconds: 5 },
    { backend: /** @type {Backend} */ ('wasm'), milliseconds: 5 },
  ];
  assert.equal(fastest(rows, 'webgl'), 'webgl');
  assert.equal(fastest(rows, 'wasm'), 'wasm');
});

test('the median is the middle, or between the two middles', () => {
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([1, 2, 3, 100]), 2.5);
});

/** A localStorage of our own. */
function storage() {
  /** @type {Map<string, string>} */
  const items = new Map();
  return {
    getItem: (/** @type {string} */ key) => items.get(key) ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ value) => void items.set(key, value),
  };
}

test('a choice is remembered by its key, and can be forgotten', () => {
  const store = storage();
  const choice = { backend: /** @type {Backend} */ ('webgl'), measured: [] };
  remember('0.1.0 abc Firefox', choice, store);
  assert.deepEqual(recall('0.1.0 abc Firefox', store), choice);
  assert.equal(recall('0.1.0 abc Safari', store), undefined);
  remember('0.1.0 abc Firefox', undefined, store);
  assert.equal(recall('0.1.0 abc Firefox', store), undefined);
});

test('the oldest choices are dropped', () => {
  const store = storage();
  for (let i = 0; i < 30; i++) remember(`key ${i}`, { backend: 'wasm', measured: [] }, store);
  assert.equal(recall('key 9', store), undefined);
  assert.equal(recall('key 29', store)?.backend, 'wasm');
});

test('a storage that is broken, full or not there is no error', () => {
  const broken = {
    getItem: () => '{"cut',
    setItem: () => {
      throw new Error('full');
    },
  };
  assert.equal(recall('key', broken), undefined);
  remember('key', { backend: 'wasm', measured: [] }, broken);
  remember('key', { backend: 'wasm', measured: [] }, undefined);
});
