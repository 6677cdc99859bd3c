// The smooth picture of where the model looks.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { surface } from '../../web/pages/play/surface.js';

const SIZE = 56;

/** @param {Float32Array} values */
const most = (values) => values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);

test('values that are all the same stay so, to the edges', () => {
  for (const value of surface(new Float32Array(49).fill(0.5), 7, 7, SIZE)) {
    assert.ok(Math.abs(value - 0.5) < 1e-6);
  }
});

test('a single place stays where it is, and as high', () => {
  const values = new Float32Array(6 * 4);
  values[1 * 6 + 4] = 1; // second row, fifth column
  const smooth = surface(values, 6, 4, SIZE);
  assert.ok(Math.abs(most(smooth) - 1) < 1e-6);
  const at = smooth.indexOf(most(smooth));
  const [x, y] = [(at % SIZE) + 0.5, Math.floor(at / SIZE) + 0.5];
  assert.ok(Math.abs(x / SIZE - 4.5 / 6) < 0.5 / 6, `column ${x}`);
  assert.ok(Math.abs(y / SIZE - 1.5 / 4) < 0.5 / 4, `row ${y}`);
});

test('nothing lies below 0 or above what was there', () => {
  const values = Float32Array.from({ length: 49 }, (_, at) => ((at * 37) % 11) / 10);
  const smooth = surface(values, 7, 7, SIZE);
  assert.ok(smooth.every((value) => value >= 0));
  assert.ok(Math.abs(most(smooth) - most(values)) < 1e-6);
});

test('where nothing speaks for the label, nothing glows', () => {
  assert.ok(surface(new Float32Array(49), 7, 7, SIZE).every((value) => value === 0));
});
