// What a camera might have seen instead of a picture: cropped, turned, mirrored and lit in other ways.
//
// As pytrain.training.views draws them; a few of a class's pictures have one, for from each view the heads learn how
// embeddings change where nothing of the class does.

import { PytrainError } from '../errors.js';
import { SIZE } from '../preprocess.js';

/** Pictures of each class that have a view, and of all classes together: each takes as long as a picture. */
const EACH = 32;
const MOST = 100;

const SMALLEST = 0.7;
const LARGEST = 1.1;
const SHIFT = 0.5;
const SQUASH = 0.3;
const TURN = (12 * Math.PI) / 180;
const LIGHT = 0.18;
const CONTRAST = 0.35;
const COLOUR = 0.4;

/**
 * Which of a class's pictures have a view: of more pictures every second one of the former, so that few views are
 * wasted while a class grows. Every other view is mirrored.
 * @template {{id: string}} T
 * @param {readonly T[]} pictures oldest first
 * @param {number} classes
 * @returns {{id: string, mirrored: boolean}[]}
 */
export function withViews(pictures, classes) {
  const wanted = Math.max(1, Math.min(EACH, Math.floor(MOST / classes)));
  let step = 1;
  while (pictures.length / step > wanted) step *= 2;
  return pictures
    .filter((_, at) => at % step === 0)
    .map(({ id }) => ({ id, mirrored: (hash(id) & 1) === 1 }));
}

/**
 * @param {ImageBitmap | HTMLImageElement | HTMLCanvasElement} square
 * @param {number} side of it
 * @param {{id: string, mirrored: boolean}} view the same id, the same view
 * @returns {ImageData} SIZE x SIZE
 */
export function drawView(square, side, { id, mirrored }) {
  const between = dice(hash(id));
  const scale = SIZE / (side * between(SMALLEST, LARGEST));
  const squash = Math.exp(between(-SQUASH, SQUASH) / 2);
  const angle = between(-TURN, TURN);
  const room = Math.max(0, 1 - SIZE / (scale * side)) + 0.1;
  const [x, y] = [between(-SHIFT, SHIFT) * room * side, between(-SHIFT, SHIFT) * room * side];
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { width: SIZE, height: SIZE });
  const context = canvas.getContext('2d', { alpha: false, willReadFrequently: true });
  if (!context) {
    throw new PytrainError('This browser gives no 2D canvas.', null, 'Close some tabs and try again.');
  }
  // What lies beside the picture is most likely like it: it is drawn there first, large.
  context.drawImage(square, 0, 0, side, side, -SIZE / 2, -SIZE / 2, 2 * SIZE, 2 * SIZE);
  context.translate(SIZE / 2, SIZE / 2);
  context.rotate(angle);
  context.scale((mirrored ? -1 : 1) * scale * squash, scale / squash);
  context.drawImage(square, -side / 2 + x, -side / 2 + y, side, side);
  const pixels = context.getImageData(0, 0, SIZE, SIZE);
  light(pixels.data, between);
  return pixels;
}

/**
 * @param {Uint8ClampedArray} data
 * @param {(low: number, high: number) => number} between
 */
function light(data, between) {
  const strengths = [0, 1, 2].map(() => 1 + between(-LIGHT / 3, LIGHT / 3));
  const colour = 1 + between(-COLOUR, COLOUR);
  const contrast = Math.exp(between(-CONTRAST, CONTRAST));
  const brightness = 127.5 + 255 * between(-LIGHT, LIGHT);
  for (let i = 0; i < data.length; i += 4) {
    const [r, g, b] = [data[i] * strengths[0], data[i + 1] * strengths[1], data[i + 2] * strengths[2]];
    const grey = (r + g + b) / 3;
    data[i] = (grey + (r - grey) * colour - 127.5) * contrast + brightness;
    data[i + 1] = (grey + (g - grey) * colour - 127.5) * contrast + brightness;
    data[i + 2] = (grey + (b - grey) * colour - 127.5) * contrast + brightness;
  }
}

/**
 * @param {string} text
 * @returns {number} 32 bits: FNV-1a, stirred so that the last bit depends on all
 */
function hash(text) {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  value = Math.imul(value ^ (value >>> 15), 0x2c1b3c6d);
  return (value ^ (value >>> 12)) >>> 0;
}

/**
 * @param {number} seed
 * @returns {(low: number, high: number) => number} numbers as likely as one another (a linear congruential generator)
 */
function dice(seed) {
  let state = seed;
  return (low, high) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return low + ((high - low) * state) / 2 ** 32;
  };
}
