// The kernel bench: sums that were done by hand, and TensorFlow.js's own convolution as the referee.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import '@tensorflow/tfjs-backend-cpu';
import { avgPool, depthwiseConv2d, maxPool, setBackend, tensor } from '@tensorflow/tfjs-core';
import { convolve, outputSize, patch, pool, zerosBefore } from '../../web/pages/inside/convolve.js';
import { PRESETS, resized } from '../../web/pages/inside/presets.js';

const TOLERANCE = 1e-5;

/**
 * @param {number} height
 * @param {number} width
 * @param {number} channels
 */
function picture(height, width, channels) {
  const values = new Float32Array(height * width * channels);
  for (let at = 0; at < values.length; at++) values[at] = ((at * 7919) % 101) / 101 - 0.3;
  return { height, width, channels, values };
}

/** 3 x 3: 1 2 3 / 4 5 6 / 7 8 9. */
const NINE = { height: 3, width: 3, channels: 1, values: new Float32Array([1, 2, 3, 4, 5, 6, 7, 8, 9]) };

test('a kernel is not turned round: right minus left is positive where it gets brighter to the right', () => {
  const sobel = [-1, 0, 1, -2, 0, 2, -1, 0, 1];
  // -1*1 + 1*3 - 2*4 + 2*6 - 1*7 + 1*9 = 8
  assert.deepEqual([...convolve(NINE, sobel, { stride: 1, padding: 'valid' }).values], [8]);
});

test("'same' puts zeros around: sums by hand", () => {
  const cross = [0, 1, 0, 1, 1, 1, 0, 1, 0];
  const { values, height, width } = convolve(NINE, cross, { stride: 1, padding: 'same' });
  assert.deepEqual([height, width], [3, 3]);
  assert.deepEqual([...values], [7, 11, 11, 17, 25, 23, 19, 29, 23]);
});

test("'same' with a stride pads unevenly: one zero more below and to the right", () => {
  // 4 x 4 with 3 x 3 and stride 2: one zero in all, which goes behind.
  assert.equal(zerosBefore(4, 3, 2, 'same'), 0);
  assert.equal(zerosBefore(5, 3, 2, 'same'), 1);
  assert.equal(zerosBefore(224, 5, 2, 'same'), 1);
  const four = {
    height: 4,
    width: 4,
    channels: 1,
    values: Float32Array.from({ length: 16 }, (_, at) => at + 1),
  };
  const { values } = convolve(four, Array(9).fill(1), { stride: 2, padding: 'same' });
  // 1+2+3+5+6+7+9+10+11 = 54; 3+4+7+8+11+12 = 45; 9+10+11+13+14+15 = 72; 11+12+15+16 = 54
  assert.deepEqual([...values], [54, 45, 72, 54]);
});

test('sizes: what the page says of them', () => {
  assert.equal(outputSize(224, 3, 1, 'same'), 224);
  assert.equal(outputSize(224, 3, 2, 'same'), 112);
  assert.equal(outputSize(224, 3, 1, 'valid'), 222);
  assert.equal(outputSize(224, 5, 2, 'valid'), 110);
  assert.equal(outputSize(2, 5, 1, 'valid'), 0);
});

test('pooling keeps one of four, and leaves out what fills no square', () => {
  const four = { height: 2, width: 3, channels: 1, values: new Float32Array([1, 5, 9, 3, -1, 9]) };
  assert.deepEqual(pool(four, 'max'), { height: 1, width: 1, channels: 1, values: new Float32Array([5]) });
  assert.deepEqual(pool(four, 'average'), {
    height: 1,
    width: 1,
    channels: 1,
    values: new Float32Array([2]),
  });
  assert.equal(pool(four, 'none'), four);
});

test('channels do not mix', () => {
  const two = { height: 1, width: 2, channels: 2, values: new Float32Array([1, 10, 2, 20]) };
  const { values } = convolve(two, [0, 0, 0, 1, 1, 1, 0, 0, 0], { stride: 1, padding: 'same' });
  assert.deepEqual([...values], [3, 30, 3, 30]);
});

test('the part of the picture below the kernel, times the kernel, is the value there', () => {
  const input = picture(9, 7, 3);
  const way = { stride: 2, padding: /** @type {const} */ ('same') };
  const kernel = Float32Array.from({ length: 25 }, (_, at) => at - 11);
  const output = convolve(input, kernel, way);
  for (let y = 0; y < output.height; y++) {
    for (let x = 0; x < output.width; x++) {
      const { values } = patch(input, 5, way, { x, y, channel: 2 });
      const sum = values.reduce((total, value, at) => total + value * kernel[at], 0);
      assert.ok(Math.abs(sum - output.values[(y * output.width + x) * 3 + 2]) < TOLERANCE);
    }
  }
});

await setBackend('cpu');
for (const side of [3, 5]) {
  for (const stride of [1, 2, 3]) {
    for (const padding of /** @type {const} */ (['same', 'valid'])) {
      test(`${side} x ${side}, stride ${stride}, ${padding}: as TensorFlow.js`, () => {
        const input = picture(11, 14, 3);
        const kernel = Float32Array.from({ length: side * side }, (_, at) => ((at * 37) % 11) - 5);
        const x = /** @type {import('@tensorflow/tfjs-core').Tensor3D} */ (tensor(input.values, [11, 14, 3]));
        const filter = tensor(
          Float32Array.from({ length: side * side * 3 }, (_, at) => kernel[Math.floor(at / 3)]),
          [side, side, 3, 1],
        );
        const expected = depthwiseConv2d(x, /** @type {any} */ (filter), stride, padding);
        const output = convolve(input, kernel, { stride, padding });
        same(output, expected);
        same(pool(output, 'max'), maxPool(expected, 2, 2, 'valid'));
        same(pool(output, 'average'), avgPool(expected, 2, 2, 'valid'));
      });
    }
  }
}

/**
 * @param {import('../../web/pages/inside/convolve.js').Maps} output
 * @param {import('@tensorflow/tfjs-core').Tensor} expected
 */
function same({ height, width, channels, values }, expected) {
  assert.deepEqual([height, width, channels], expected.shape);
  for (const [at, value] of expected.dataSync().entries())
    assert.ok(Math.abs(values[at] - value) < TOLERANCE);
}

for (const { name, signed, sizes } of PRESETS) {
  test(`${name} keeps the brightness, or lies around zero`, () => {
    for (const [side, { kernel, divide }] of Object.entries(sizes)) {
      assert.equal(kernel.length, Number(side) ** 2);
      const sum = kernel.reduce((a, b) => a + b, 0);
      assert.equal(sum / divide, signed ? 0 : 1);
      // Whatever the picture, what lies around zero stays between -1 and 1.
      const most = kernel.reduce((a, b) => a + Math.max(0, b), 0) / divide;
      if (signed) assert.equal(most, 1);
    }
  });
}

test('a kernel of the other size keeps its middle', () => {
  const cross = [0, 1, 0, 1, 5, 1, 0, 1, 0];
  assert.deepEqual(resized(resized(cross, 5), 3), cross);
  assert.equal(resized(cross, 5)[12], 5);
  assert.deepEqual(resized(cross, 3), cross);
});
