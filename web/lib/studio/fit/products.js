// The products of embeddings with one another: all that fitting needs of them.
//
// What a penalised regression learns is a sum of its rows (the representer theorem), so a few hundred pictures need
// no more than their products. Of many pictures some are the basis, and the others are described by these (Williams
// & Seeger, Using the Nyström method to speed up kernel machines, 2001).

import { Matrix } from './matrix.js';
import { CHUNK, runsOf, Scaling } from './scaling.js';

/**
 * @typedef {object} Products
 * @property {Float32Array} values [rows, basis]
 * @property {(shares: Float32Array, outputs: number) => {kernel: Float32Array, offset: Float32Array}} back how much of
 *   each row of the basis [basis, outputs] makes up weights on embeddings: kernel [width, outputs]; offset [outputs] is
 *   to be added to the bias
 */

/**
 * @param {import('./scaling.js').ReadRows} readRows
 * @param {number} count of all rows
 * @param {number[]} centre rows whose mean is the middle, and whose spread gives the sizes
 * @param {number[]} basis rows that the others are described by, ascending
 * @param {import('./scaling.js').Fit} fit
 * @returns {Promise<Products>}
 */
export async function productsOf(readRows, count, centre, basis, fit) {
  const scaling = new Scaling(fit);
  const { width } = scaling;
  await scaling.learn(readRows, centre);
  const rows = new Float32Array(basis.length * width);
  let at = 0;
  for (const [from, to] of runsOf(basis)) {
    rows.set(scaling.scaled(await readRows(from, to)), at * width);
    at += to - from;
  }
  const values = new Float32Array(count * basis.length);
  const matrix = new Matrix(rows, basis.length, width);
  try {
    for (let from = 0; from < count; from += CHUNK) {
      const to = Math.min(from + CHUNK, count);
      const chunk = scaling.scaled(await readRows(from, to));
      values.set(matrix.productsWith(chunk, to - from), from * basis.length);
    }
  } finally {
    matrix.dispose();
  }
  return {
    values,
    back: (shares, outputs) => {
      const sums = new Matrix(shares, basis.length, outputs);
      const weights = sums.transposedTimes(rows, width);
      sums.dispose();
      return scaling.back(weights, outputs);
    },
  };
}
