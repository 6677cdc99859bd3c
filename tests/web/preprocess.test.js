// The browser's image contract must give the numbers that Python gave.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { bilinearTaps, cropSquare, preprocess, SIZE } from '../../web/lib/preprocess.js';

/** float32 keeps 24 bits; the sums are done in another order here than in NumPy. */
const TOLERANCE = 1e-6;

/** @type {{cases: {width: number, height: number, alpha: boolean, sum: number, samples: [number, number][]}[]}} */
const golden = JSON.parse(await readFile(new URL('fixtures/preprocess.json', import.meta.url), 'utf8'));

/**
 * The frame that the golden file describes.
 * @param {number} width
 * @param {number} height
 * @param {boolean} alpha
 */
function frame(width, height, alpha) {
  const data = new Uint8ClampedArray(width * height * 4);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 4;
      for (let c = 0; c < 3; c++) data[at + c] = (31 * x + 17 * y + 89 * c + x * y) % 256;
      data[at + 3] = alpha ? (7 * x + 13 * y) % 256 : 255;
    }
  }
  return { data, width, height };
}

for (const { width, height, alpha, sum, samples } of golden.cases) {
  test(`a frame of ${width} x ${height}${alpha ? ' with transparency' : ''} gives Python's input`, () => {
    const out = preprocess(frame(width, height, alpha));
    for (const [index, value] of samples) assert.ok(Math.abs(out[index] - value) <= TOLERANCE, `at ${index}`);
    const total = out.reduce((a, b) => a + b, 0);
    assert.ok(Math.abs(total - sum) <= TOLERANCE * out.length, `sum ${total} instead of ${sum}`);
  });
}

test('values lie in [-1, 1] and black and white are its ends', () => {
  const black = preprocess({ data: new Uint8Array([0, 0, 0, 255]), width: 1, height: 1 });
  const white = preprocess({ data: new Uint8Array([255, 255, 255, 255]), width: 1, height: 1 });
  assert.equal(black.length, SIZE * SIZE * 3);
  assert.ok(black.every((value) => value === -1));
  assert.ok(white.every((value) => value === 1));
});

test('a buffer that is used again holds only the newest frame', () => {
  const out = new Float32Array(SIZE * SIZE * 3);
  preprocess(frame(640, 480, false), out);
  assert.deepEqual(preprocess(frame(33, 47, false), out), preprocess(frame(33, 47, false)));
});

test('the crop is the centre square, an odd pixel falling at the end', () => {
  assert.deepEqual(cropSquare(641, 480), { left: 80, top: 0, side: 480 });
  assert.deepEqual(cropSquare(3, 6), { left: 0, top: 1, side: 3 });
});

test('taps never leave the picture', () => {
  for (const side of [1, 2, 3, 223, 224, 225, 1999]) {
    const { low, high, fraction } = bilinearTaps(side, SIZE);
    assert.ok(low.every((value) => value >= 0 && value < side));
    assert.ok(high.every((value) => value >= 0 && value < side));
    assert.ok(fraction.every((value) => value >= 0 && value < 1));
  }
});

test('a frame without the bytes it should have is refused', () => {
  const missing = { data: new Uint8Array(7), width: 2, height: 1 };
  assert.throws(
    () => preprocess(missing),
    /7 bytes came for a frame of 2 x 1 pixels; expected RGBA, 8 bytes/,
  );
  assert.throws(() => preprocess({ data: new Uint8Array(0), width: 0, height: 0 }), /not empty/);
});
