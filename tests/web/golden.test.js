// The self-check compares with what Python wrote down, and calls nothing the same that is not.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compare, readGolden } from '../../web/lib/golden.js';

const golden = [
  { file: 'golden/00.png', probabilities: [0.9, 0.1] },
  { file: 'golden/01.png', probabilities: [0.2, 0.8] },
];

/**
 * @param {string} text
 * @param {boolean} [hasKnown]
 */
const reading = (text, hasKnown = false) =>
  readGolden({ name: 'shapes', text: async () => text, bytes: async () => new ArrayBuffer(0) }, 2, hasKnown);

/** Answers to the first picture, and to the second. @param {{probabilities: number[], known?: number}[]} answers */
const giving =
  (...answers) =>
  async (/** @type {string} */ file) =>
    answers[file.includes('00') ? 0 : 1];

test('a difference up to 0.001 is the same answer, and the greatest counts', async () => {
  const here = giving({ probabilities: [0.9, 0.1] }, { probabilities: [0.2005, 0.7995] });
  const check = await compare(golden, here);
  assert.equal(check.same, true);
  assert.equal(check.frames, 2);
  assert.ok(Math.abs(Number(check.maxDifference) - 0.0005) < 1e-9);
  assert.equal(check.worst?.file, 'golden/01.png');
});

test('a greater difference is not, and both answers come with it', async () => {
  const check = await compare(golden, async () => ({ probabilities: [0.9, 0.1] }));
  assert.equal(check.same, false);
  assert.deepEqual(check.worst, { file: 'golden/01.png', python: [0.2, 0.8], here: [0.9, 0.1] });
});

test('no number at all is never the same', async () => {
  const here = giving({ probabilities: [Number.NaN, 0.1] }, { probabilities: [0.2, 0.8] });
  const check = await compare(golden, here);
  assert.equal(check.same, false);
  assert.equal(check.worst?.file, 'golden/00.png');
});

test('how surely it is one of the labels is compared too, where Python said it', async () => {
  const told = golden.map((frame) => ({ ...frame, known: 0.7 }));
  const here = (/** @type {number | undefined} */ known) =>
    compare(told, async (file) => ({ probabilities: file.includes('00') ? [0.9, 0.1] : [0.2, 0.8], known }));
  assert.equal((await here(0.7)).same, true);
  const wrong = await here(0.5);
  assert.equal(wrong.same, false);
  assert.deepEqual(wrong.worst?.known, { python: 0.7, here: 0.5 });
  assert.equal((await here(undefined)).same, false);
});

test('a golden.json that is damaged, or of another model, is no comparison', async () => {
  const whole = { frames: [{ file: '00.png', probabilities: [1, 0] }] };
  assert.deepEqual(await reading(JSON.stringify(whole)), [{ file: 'golden/00.png', probabilities: [1, 0] }]);
  await assert.rejects(reading('{"frames": ['), /shapes: golden\/golden\.json is damaged/);
  await assert.rejects(reading('{"frames": [{"file": "00.png", "probabilities": [1, 0, 0]}]}'), /damaged/);
  await assert.rejects(reading('{"frames": []}'), /has no golden frames/);
  await assert.rejects(reading(JSON.stringify(whole), true), /damaged/);
  const told = { frames: [{ file: '00.png', probabilities: [1, 0], known: 0.5 }] };
  assert.equal((await reading(JSON.stringify(told), true))[0].known, 0.5);
});
