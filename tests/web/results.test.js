// Results come best first, and `unknown` is an answer.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smoother, toResults } from '../../web/lib/results.js';

const labels = ['circle', 'square', 'star', 'triangle'];

/** @param {number} threshold of the greatest probability */
const most = (threshold) => ({ score: /** @type {const} */ ('max_probability'), threshold });

test('results are sorted, best first, with each label once', () => {
  const results = toResults({ probabilities: [0.1, 0.2, 0.65, 0.05] }, labels, most(0.6));
  assert.deepEqual(
    results.map(({ label }) => label),
    ['star', 'square', 'circle', 'triangle'],
  );
  assert.equal(results[0].confidence, 0.65);
  assert.equal(results.answer, 'star');
  assert.equal(results.unknown, false);
});

test('below the threshold the answer is unknown and the best guess stays first', () => {
  const results = toResults({ probabilities: [0.1, 0.2, 0.59, 0.11] }, labels, most(0.6));
  assert.equal(results.answer, 'unknown');
  assert.equal(results.unknown, true);
  assert.equal(results[0].label, 'star');
});

test('the threshold itself is known, and without one all is known', () => {
  assert.equal(toResults({ probabilities: [0.6, 0.4] }, ['a', 'b'], most(0.6)).answer, 'a');
  assert.equal(toResults({ probabilities: [0.5, 0.5] }, ['a', 'b'], most(0)).answer, 'a');
});

test('numbers that are none are unknown, never an answer', () => {
  assert.equal(toResults({ probabilities: [Number.NaN, Number.NaN] }, ['a', 'b'], most(0)).answer, 'unknown');
});

test('topk keeps the best and the answer', () => {
  const results = toResults({ probabilities: [0.1, 0.2, 0.59, 0.11] }, labels, most(0.6), 2);
  assert.equal(results.length, 2);
  assert.equal(results.answer, 'unknown');
});

test('where the model says how surely it is one of the labels, that decides', () => {
  const rule = { score: /** @type {const} */ ('known'), threshold: 0.3 };
  const strange = toResults({ probabilities: [0.99, 0.01], known: 0.2 }, ['a', 'b'], rule);
  assert.deepEqual([strange.answer, strange.unknown, strange.known], ['unknown', true, 0.2]);
  const familiar = toResults({ probabilities: [0.51, 0.49], known: 0.3 }, ['a', 'b'], rule);
  assert.deepEqual([familiar.answer, familiar.unknown, familiar.known], ['a', false, 0.3]);
  assert.equal(toResults({ probabilities: [1, 0], known: Number.NaN }, ['a', 'b'], rule).answer, 'unknown');
});

test('a model that does not say it has no `known` among its results', () => {
  assert.equal('known' in toResults({ probabilities: [1, 0] }, ['a', 'b'], most(0.6)), false);
  const told = toResults({ probabilities: [0.9, 0.1], known: 0 }, ['a', 'b'], most(0.6));
  assert.deepEqual([told.answer, told.known], ['a', 0]);
});

test('smoothing starts at the first frame, moves by its share, and 0 changes nothing', () => {
  /** @param {number[]} probabilities @param {number} [known] */
  const answer = (probabilities, known) => ({ probabilities: new Float32Array(probabilities), known });
  const smooth = smoother(0.5);
  assert.deepEqual([...smooth(answer([1, 0], 1)).probabilities], [1, 0]);
  const second = smooth(answer([0, 1], 0));
  assert.deepEqual([[...second.probabilities], second.known], [[0.5, 0.5], 0.5]);
  const plain = smoother(0);
  plain(answer([1, 0]));
  assert.deepEqual([...plain(answer([0.25, 0.75])).probabilities], [0.25, 0.75]);
});
