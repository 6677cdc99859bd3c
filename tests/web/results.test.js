// Results come best first, and `unknown` is an answer.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smoother, toResults } from '../../web/lib/results.js';

const labels = ['circle', 'square', 'star', 'triangle'];

test('results are sorted, best first, with each label once', () => {
  const results = toResults([0.1, 0.2, 0.65, 0.05], labels, 0.6);
  assert.deepEqual(
    results.map(({ label }) => label),
    ['star', 'square', 'circle', 'triangle'],
  );
  assert.equal(results[0].confidence, 0.65);
  assert.equal(results.answer, 'star');
  assert.equal(results.unknown, false);
});

test('below the threshold the answer is unknown and the best guess stays first', () => {
  const results = toResults([0.1, 0.2, 0.59, 0.11], labels, 0.6);
  assert.equal(results.answer, 'unknown');
  assert.equal(results.unknown, true);
  assert.equal(results[0].label, 'star');
});

test('the threshold itself is known, and without one all is known', () => {
  assert.equal(toResults([0.6, 0.4], ['a', 'b'], 0.6).answer, 'a');
  assert.equal(toResults([0.5, 0.5], ['a', 'b'], 0).answer, 'a');
});

test('numbers that are none are unknown, never an answer', () => {
  assert.equal(toResults([Number.NaN, Number.NaN], ['a', 'b'], 0).answer, 'unknown');
});

test('topk keeps the best and the answer', () => {
  const results = toResults([0.1, 0.2, 0.59, 0.11], labels, 0.6, 2);
  assert.equal(results.length, 2);
  assert.equal(results.answer, 'unknown');
});

test('smoothing starts at the first frame, moves by its share, and 0 changes nothing', () => {
  const smooth = smoother(0.5);
  assert.deepEqual([...smooth(new Float32Array([1, 0]))], [1, 0]);
  assert.deepEqual([...smooth(new Float32Array([0, 1]))], [0.5, 0.5]);
  const plain = smoother(0);
  plain(new Float32Array([1, 0]));
  assert.deepEqual([...plain(new Float32Array([0.25, 0.75]))], [0.25, 0.75]);
});
