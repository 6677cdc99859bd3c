// Runs a kernel over frames beside the page, so that the page stays smooth.

import { cropSquare, preprocess, SIZE } from '../../lib/preprocess.js';
import { convolve, patch, pool } from './convolve.js';

/**
 * @typedef {object} Question
 * @property {ImageBitmap | import('../../lib/preprocess.js').Pixels} frame
 * @property {number[]} kernel divided already
 * @property {number} stride
 * @property {import('./convolve.js').Padding} padding
 * @property {import('./convolve.js').Pooling} pooling
 * @property {boolean} grey one value for each pixel instead of three
 * @property {boolean} signed 0 is grey, -1 black, 1 white; else 0 is black
 * @property {{x: number, y: number} | null} probe a pixel of the result
 */

/**
 * @typedef {object} Answer
 * @property {number} width
 * @property {number} height
 * @property {ArrayBuffer} pixels RGBA of the result
 * @property {{top: number, left: number, values: number[], sum: number} | null} probe
 */

const port = /** @type {any} */ (self);
const input = new Float32Array(SIZE * SIZE * 3);
const grey = new Float32Array(SIZE * SIZE);

/** Shares of red, green and blue in how bright people see them (ITU-R BT.601). */
const BRIGHT = [0.299, 0.587, 0.114];

port.onmessage = (/** @type {MessageEvent<Question>} */ { data }) => {
  const answer = run(data);
  port.postMessage(answer, [answer.pixels]);
};

/** @param {Question} question @returns {Answer} */
function run({ frame, kernel, stride, padding, pooling, grey: asGrey, signed, probe }) {
  const maps = mapsOf(pixelsOf(frame), asGrey);
  const between = convolve(maps, kernel, { stride, padding });
  const result = pool(between, pooling);
  const { width, height } = result;
  return {
    width,
    height,
    pixels: colours(result, signed),
    probe: probe && probed(maps, between, { kernel, stride, padding, pooling, probe }),
  };
}

/**
 * The picture as the network gets it, its values from 0 to 1.
 * @param {import('../../lib/preprocess.js').Pixels} pixels
 * @param {boolean} asGrey
 * @returns {import('./convolve.js').Maps}
 */
function mapsOf(pixels, asGrey) {
  preprocess(pixels, input);
  for (let at = 0; at < input.length; at++) input[at] = (input[at] + 1) / 2;
  if (!asGrey) return { height: SIZE, width: SIZE, channels: 3, values: input };
  for (let at = 0; at < grey.length; at++) {
    grey[at] = BRIGHT[0] * input[3 * at] + BRIGHT[1] * input[3 * at + 1] + BRIGHT[2] * input[3 * at + 2];
  }
  return { height: SIZE, width: SIZE, channels: 1, values: grey };
}

/** @type {OffscreenCanvasRenderingContext2D | null} */
let context = null;

/** @param {Question['frame']} frame @returns {import('../../lib/preprocess.js').Pixels} */
function pixelsOf(frame) {
  if (!('close' in frame)) return frame;
  const { left, top, side } = cropSquare(frame.width, frame.height);
  context ??= new OffscreenCanvas(side, side).getContext('2d', { alpha: false, willReadFrequently: true });
  if (!context) throw new Error('This browser gives workers no 2D canvas.');
  if (context.canvas.width !== side) Object.assign(context.canvas, { width: side, height: side });
  context.fillStyle = 'white';
  context.fillRect(0, 0, side, side);
  context.drawImage(frame, -left, -top);
  frame.close();
  return { data: context.getImageData(0, 0, side, side).data, width: side, height: side, opaque: true };
}

/**
 * @param {import('./convolve.js').Maps} maps
 * @param {boolean} signed
 * @returns {ArrayBuffer}
 */
function colours({ width, height, channels, values }, signed) {
  const pixels = new Uint8ClampedArray(width * height * 4);
  const [scale, shift] = signed ? [127.5, 127.5] : [255, 0];
  const [green, blue] = channels === 3 ? [1, 2] : [0, 0];
  for (let from = 0, to = 0; to < pixels.length; from += channels, to += 4) {
    pixels[to] = values[from] * scale + shift;
    pixels[to + 1] = values[from + green] * scale + shift;
    pixels[to + 2] = values[from + blue] * scale + shift;
    pixels[to + 3] = 255;
  }
  return pixels.buffer;
}

/**
 * How one pixel of the result was added up. Of pooled ones, the place that counts: the greatest, or the first.
 * @param {import('./convolve.js').Maps} maps
 * @param {import('./convolve.js').Maps} between
 * @param {Pick<Question, 'kernel' | 'stride' | 'padding' | 'pooling'> & {probe: {x: number, y: number}}} question
 * @returns {Answer['probe']}
 */
function probed(maps, between, { kernel, stride, padding, pooling, probe }) {
  const many = pooling === 'none' ? 1 : 2;
  let best = { x: probe.x * many, y: probe.y * many };
  const valueAt = (/** @type {{x: number, y: number}} */ { x, y }) =>
    between.values[(y * between.width + x) * between.channels];
  if (pooling === 'max') {
    for (const [right, down] of [
      [1, 0],
      [0, 1],
      [1, 1],
    ]) {
      const other = { x: probe.x * 2 + right, y: probe.y * 2 + down };
      if (valueAt(other) > valueAt(best)) best = other;
    }
  }
  if (best.x >= between.width || best.y >= between.height) return null;
  const found = patch(maps, Math.sqrt(kernel.length), { stride, padding }, { ...best, channel: 0 });
  return { ...found, sum: valueAt(best) };
}
