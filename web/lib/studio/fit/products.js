// The products of embeddings with one another, for every emphasis at once: all that fitting needs of them.
//
// What a penalised regression learns is a sum of its rows (the representer theorem), so a few hundred pictures need
// no more than their products. Of many pictures some are the basis, and the others are described by these (Williams
// & Seeger, Using the Nyström method to speed up kernel machines, 2001).

import { Blocks } from './blocks.js';
import { Matrix } from './matrix.js';

/** Rows that are read and multiplied together. */
const CHUNK = 256;

/**
 * Gives embeddings of rows: [to - from, width].
 * @typedef {(from: number, to: number) => Promise<Float32Array>} ReadRows
 */

/**
 * @typedef {object} Products
 * @property {number[]} basis rows that the others are described by
 * @property {Float32Array[]} byEmphasis for each emphasis [rows, basis]
 * @property {(weights: Float32Array, emphasis: number, outputs: number) => {kernel: Float32Array, offset: Float32Array}} back
 *   weights [basis, outputs] on products as weights on embeddings: kernel [width, outputs]; offset [outputs] is to be
 *   added to the bias, for products are of centred embeddings
 */

/**
 * @param {ReadRows} readRows
 * @param {number} count of all rows
 * @param {number[]} centre rows whose mean is the middle, and whose spread gives the sizes
 * @param {number[]} basis
 * @param {import('./blocks.js').Fit} fit
 * @param {readonly import('./blocks.js').Emphasis[]} emphases
 * @param {(done: number, total: number) => void} [onProgress]
 * @returns {Promise<Products>}
 */
export async function productsOf(readRows, count, centre, basis, fit, emphases, onProgress = () => {}) {
  const blocks = new Blocks(fit);
  const { mean, variances } = await spreadOf(readRows, centre, blocks);
  const scales = emphases.map((emphasis) => blocks.scales(emphasis, variances));
  const rowsOfBasis = await readSome(readRows, basis, blocks, mean);
  const matrices = rowsOfBasis.map((values, at) => new Matrix(values, basis.length, blocks.list[at].width));
  const byEmphasis = emphases.map(() => new Float32Array(count * basis.length));
  try {
    for (let from = 0; from < count; from += CHUNK) {
      const to = Math.min(from + CHUNK, count);
      const chunk = apart(await readRows(from, to), to - from, blocks, mean);
      for (const at of blocks.list.keys()) {
        if (scales.every((scale) => scale[at] === 0)) continue;
        const found = matrices[at].productsWith(chunk[at], to - from);
        for (const [number, products] of byEmphasis.entries()) {
          addTo(products, from * basis.length, found, scales[number][at]);
        }
      }
      onProgress(to, count);
    }
  } finally {
    for (const matrix of matrices) matrix.dispose();
  }
  return {
    basis,
    byEmphasis,
    back: (weights, emphasis, outputs) => back(weights, outputs, rowsOfBasis, scales[emphasis], blocks, mean),
  };
}

/**
 * @param {ReadRows} readRows
 * @param {number[]} rows
 * @param {Blocks} blocks
 */
async function spreadOf(readRows, rows, blocks) {
  const { width } = blocks;
  const mean = new Float64Array(width);
  const squares = new Float64Array(width);
  const one = new Float32Array(width);
  for (const [from, to] of runsOf(rows)) {
    const values = await readRows(from, to);
    for (let start = 0; start < values.length; start += width) {
      for (let i = 0; i < width; i++) mean[i] += values[start + i] / rows.length;
      one.set(values.subarray(start, start + width));
      blocks.turn(one);
      for (let i = 0; i < width; i++) squares[i] += one[i] ** 2 / rows.length;
    }
  }
  const turned = blocks.turn(mean.slice());
  const variances = blocks.sums(squares.map((square, i) => Math.max(0, square - turned[i] ** 2)));
  return { mean, variances };
}

/**
 * @param {ReadRows} readRows
 * @param {number[]} rows
 * @param {Blocks} blocks
 * @param {Float64Array} mean
 * @returns {Promise<Float32Array[]>} centred and turned, by block
 */
async function readSome(readRows, rows, blocks, mean) {
  const values = new Float32Array(rows.length * blocks.width);
  let at = 0;
  for (const [from, to] of runsOf(rows)) {
    values.set(await readRows(from, to), at * blocks.width);
    at += to - from;
  }
  return apart(values, rows.length, blocks, mean);
}

/**
 * @param {Float32Array} values [rows, width]
 * @param {number} rows
 * @param {Blocks} blocks
 * @param {Float64Array} mean
 */
function apart(values, rows, blocks, mean) {
  const { width } = blocks;
  const found = blocks.list.map((block) => new Float32Array(rows * block.width));
  const one = new Float32Array(width);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < width; i++) one[i] = values[row * width + i] - mean[i];
    blocks.split(blocks.turn(one), found, row);
  }
  return found;
}

/**
 * @param {Float32Array} weights [basis, outputs]
 * @param {number} outputs
 * @param {Float32Array[]} rowsOfBasis
 * @param {number[]} scales
 * @param {Blocks} blocks
 * @param {Float64Array} mean
 */
function back(weights, outputs, rowsOfBasis, scales, blocks, mean) {
  const { width } = blocks;
  const rows = weights.length / outputs;
  // [outputs, width of the block] for each block, put together to whole turned kernels.
  const shares = new Matrix(weights, rows, outputs);
  const sums = rowsOfBasis.map((values, at) => shares.transposedTimes(values, blocks.list[at].width));
  shares.dispose();
  const kernel = new Float32Array(width * outputs);
  const offset = new Float32Array(outputs);
  for (let output = 0; output < outputs; output++) {
    const whole = blocks.join(sums, output);
    const factors = blocks.spread(scales);
    for (let i = 0; i < width; i++) whole[i] *= factors[i];
    blocks.turn(whole);
    let sum = 0;
    for (let i = 0; i < width; i++) {
      kernel[i * outputs + output] = whole[i];
      sum += whole[i] * mean[i];
    }
    offset[output] = -sum;
  }
  return { kernel, offset };
}

/**
 * @param {Float32Array} to
 * @param {number} from
 * @param {Float32Array} what
 * @param {number} share
 */
function addTo(to, from, what, share) {
  if (share === 0) return;
  for (let i = 0; i < what.length; i++) to[from + i] += share * what[i];
}

/**
 * @param {number[]} rows ascending
 * @returns {Generator<[number, number]>} runs of neighbours, at most CHUNK long
 */
function* runsOf(rows) {
  for (let at = 0; at < rows.length; ) {
    let end = at + 1;
    while (end < rows.length && rows[end] === rows[end - 1] + 1 && end - at < CHUNK) end++;
    yield [rows[at], rows[end - 1] + 1];
    at = end;
  }
}
