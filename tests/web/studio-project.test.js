// What is held out of a project, what is said of its pictures, and what a picture's file tells of its size.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { heldOutOf } from '../../web/lib/studio/held-out.js';
import { dimensions, LOOK_SIDE } from '../../web/lib/studio/pictures.js';
import { warningsOf } from '../../web/lib/studio/warnings.js';

/** @param {string} recording @param {number} count */
const shots = (recording, count) =>
  Array.from({ length: count }, (_, at) => ({ id: `${recording}${at}`, recording }));

test('the last fifth of each recording is held out', () => {
  const held = heldOutOf([...shots('a', 10), ...shots('b', 4), ...shots('c', 7)]);
  assert.deepEqual([...held], ['a8', 'a9', 'c6']);
});

test('what has been learned from is never held out, however the recording changes', () => {
  const decided = shots('a', 10).map((shot, at) => ({ ...shot, held: at >= 8 }));
  assert.deepEqual([...heldOutOf(decided.slice(0, 9))], ['a8']);
  assert.deepEqual([...heldOutOf(decided.slice(0, 8))], []);
  const later = Array.from({ length: 10 }, (_, at) => ({ id: `later${at}`, recording: 'a' }));
  assert.deepEqual([...heldOutOf([...decided, ...later])], ['a8', 'a9', 'later8', 'later9']);
});

/**
 * @param {string} name
 * @param {number} count
 * @param {(at: number, pixel: number) => number} grey
 */
const pictures = (name, count, grey) => ({
  id: name,
  name,
  heldOut: Math.floor(count / 5),
  shots: Array.from({ length: count }, (_, at) => ({
    look: Uint8Array.from({ length: LOOK_SIDE ** 2 }, (_, pixel) => grey(at, pixel)),
  })),
});
/** @param {number} seed */
const varied = (seed) => (/** @type {number} */ at, /** @type {number} */ pixel) =>
  Math.floor((Math.abs(Math.sin((at + seed) * 127.1 + pixel * 311.7) * 43758.5453) % 1) * 256);

test('pictures that will do are not complained of', () => {
  assert.deepEqual(warningsOf([pictures('a', 30, varied(0)), pictures('b', 40, varied(500))]), []);
});

test('each of the things that spoil a model is named with its class', () => {
  const kinds = (/** @type {any[]} */ classes) =>
    warningsOf(classes).map(({ kind, classId, otherId }) =>
      [kind, classId, otherId].filter(Boolean).join(' '),
    );
  assert.deepEqual(kinds([]), ['one-class']);
  assert.deepEqual(kinds([pictures('a', 30, varied(0)), pictures('unknown', 30, varied(500))]), [
    'one-class',
  ]);
  const b = pictures('b', 30, varied(500));
  assert.deepEqual(kinds([pictures('a', 8, varied(0)), b]), ['few a']);
  assert.deepEqual(kinds([pictures('a', 0, varied(0)), b, pictures('c', 30, varied(90))]), ['empty a']);
  assert.deepEqual(kinds([pictures('a', 130, varied(0)), b]), ['unbalanced b a']);
  assert.deepEqual(kinds([pictures('a', 30, (_, pixel) => pixel), b]), ['alike a']);
  assert.deepEqual(kinds([pictures('a', 30, varied(500)), b]), ['alike b a']);
});

test('a finger that is put up makes another picture of the same room', () => {
  const spots = new Set([23, 39, 55]);
  const room = (/** @type {number} */ at, /** @type {number} */ pixel) => 40 + ((pixel * 7) % 90) + (at % 2);
  const hand = (/** @type {number} */ at, /** @type {number} */ pixel) =>
    room(at, pixel) + (spots.has(pixel - (at % 10) * 16) ? 90 : 0);
  const warnings = warningsOf([pictures('fist', 30, room), pictures('finger', 30, hand)]);
  assert.deepEqual(
    warnings.map(({ kind, classId }) => `${kind} ${classId}`),
    ['alike fist'],
  );
});

test('the size of a picture is read from the head of its file', () => {
  const png = Buffer.from('89504e470d0a1a0a0000000d4948445200002710000017700100000000', 'hex');
  assert.deepEqual(dimensions(png), { type: 'image/png', width: 10000, height: 6000 });
  const jpeg = Buffer.from('ffd8ffe00004aaaaffc0001108014001400301220002110103110', 'hex');
  assert.deepEqual(dimensions(jpeg), { type: 'image/jpeg', width: 320, height: 320 });
  const extended = Buffer.from('524946460000000057454250565038580a000000000000003f0100ef0000', 'hex');
  assert.deepEqual(dimensions(extended), { type: 'image/webp', width: 320, height: 240 });
  const heic = Buffer.from(
    '0000001866747970686569630000000000000000' +
      '000000146973706500000000000000500000003c' +
      '00000014697370650000000000000fc000000bd0',
    'hex',
  );
  assert.deepEqual(dimensions(heic), { type: 'image/avif', width: 4032, height: 3024 });
  for (const cut of [png.subarray(0, 18), jpeg.subarray(0, 9), Buffer.from('hello'), Buffer.alloc(0)]) {
    assert.equal(dimensions(cut), null);
  }
});
