// The self-check compares with what Python wrote down, and calls nothing the same that is not.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compare, readGolden } from '../../web/lib/golden.js';

const golden = [
  { file: 'golden/00.png', probabilities: [0.9, 0.1] },
  { file: 'golden/01.png', probabilities: [0.2, 0.8] },
];

/** @param {string} text */
const reading = (text) =>
  readGolden({ name: 'shapes', text: async () => text, bytes: async () => new ArrayBuffer(0) }, 2);

test('a difference up to 0.001 is the same answer, and the greatest counts', async () => {
  const check = await compare(golden, async (file) => (file.includes('00') ? [0.9, 0.1] : [0.2005, 0.7995]));
  assert.equal(check.same, true);
  assert.equal(check.frames, 2);
  assert.ok(Math.abs(Number(check.maxDifference) - 0.0005) < 1e-9);
  assert.equal(check.worst?.file, 'golden/01.png');
});

test('a greater difference is not, and both answers come with it', async () => {
  const check = await compare(golden, async () => [0.9, 0.1]);
  assert.equal(check.same, false);
  assert.deepEqual(check.worst, { file: 'golden/01.png', python: [0.2, 0.8], here: [0.9, 0.1] });
});

test('no number at all is never the same', async () => {
  const check = await compare(golden, async (file) => (file.includes('00') ? [Number.NaN, 0.1] : [0.2, 0.8]));
  assert.equal(check.same, false);
  assert.equal(check.worst?.file, 'golden/00.png');
});

test('a golden.json that is damaged, or of another model, is no comparison', async () => {
  const whole = { frames: [{ file: '00.png', probabilities: [1, 0] }] };
  assert.deepEqual(await reading(JSON.stringify(whole)), [{ file: 'golden/00.png', probabilities: [1, 0] }]);
  await assert.rejects(reading('{"frames": ['), /shapes: golden\/golden\.json is damaged/);
  await assert.rejects(reading('{"frames": [{"file": "00.png", "probabilities": [1, 0, 0]}]}'), /damaged/);
  await assert.rejects(reading('{"frames": []}'), /has no golden frames/);
});
