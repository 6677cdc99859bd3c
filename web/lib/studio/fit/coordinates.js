// Coordinates for rows: numbers on which the plain penalty does what the dear one does on embeddings.
//
// How an embedding changes when its picture is cropped, turned or lit otherwise tells nothing about the class, so
// weights along these changes are dear (Leen, From data distributions to regularization in invariant learning, 1995).
// The penalty's inverse is taken into the products (Woodbury), and Cholesky's factor of these are the coordinates.

import { cholesky, solveLower, solveLowerTransposed, transposed } from './linear.js';
import { Matrix } from './matrix.js';

/**
 * A change: from a picture to its view; both are rows of the basis, given by their places in it.
 * @typedef {{view: number, picture: number}} Stray
 */

/**
 * Products with the strays taken out.
 * @typedef {object} Shortened
 * @property {Float32Array} products [rows, basis]
 * @property {(shares: Float32Array, outputs: number) => Float32Array} whole shares [basis, outputs] of shortened rows as
 *   shares of the rows themselves
 */

/**
 * @param {Float32Array} products [rows, basis]
 * @param {readonly number[]} basis rows
 * @param {readonly Stray[]} strays
 * @param {number} straying how much dearer
 * @returns {Shortened}
 */
export function shorten(products, basis, strays, straying) {
  const [n, m] = [basis.length, strays.length];
  if (m === 0) return { products, whole: (shares) => shares };
  const rows = products.length / n;
  const differences = new Float32Array(rows * m);
  for (let row = 0; row < rows; row++) {
    for (const [j, { view, picture }] of strays.entries()) {
      differences[row * m + j] = products[row * n + view] - products[row * n + picture];
    }
  }
  /** @param {number} i @param {number} j */
  const between = (i, j) => {
    const { view, picture } = strays[i];
    return differences[basis[view] * m + j] - differences[basis[picture] * m + j];
  };
  // They are given length 1 on average, as the rows have.
  let squares = 0;
  for (let j = 0; j < m; j++) squares += between(j, j);
  const scale = 1 / Math.max(1e-6, Math.sqrt(squares / m));
  const inner = new Float64Array(m * m);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < m; j++) inner[i * m + j] = scale ** 2 * (between(i, j) + between(j, i)) * 0.5;
    inner[i * m + i] += m / straying;
  }
  const lower = cholesky(inner, m);
  const ofBasis = new Float64Array(n * m);
  for (const [at, row] of basis.entries()) {
    for (let j = 0; j < m; j++) ofBasis[at * m + j] = scale * differences[row * m + j];
  }
  // [basis, strays]: how much of each stray is taken from a row.
  const taken = Float32Array.from(solveLowerTransposed(lower, m, solveLower(lower, m, ofBasis)));
  const ofStrays = new Matrix(taken, n, m);
  const away = ofStrays.productsWith(differences, rows);
  ofStrays.dispose();
  return {
    products: products.map((value, i) => value - scale * away[i]),
    whole: (shares, outputs) => {
      const all = shares.slice();
      const strayed = new Matrix(taken, n, m);
      const away = strayed.transposedTimes(shares, outputs);
      strayed.dispose();
      for (const [j, { view, picture }] of strays.entries()) {
        for (let k = 0; k < outputs; k++) {
          const share = scale * away[j * outputs + k];
          all[view * outputs + k] -= share;
          all[picture * outputs + k] += share;
        }
      }
      return all;
    },
  };
}

/**
 * @typedef {object} Coordinates
 * @property {Float32Array} values [rows, n]
 * @property {number} n
 * @property {(kernel: Float32Array, outputs: number) => Float32Array} shares weights on coordinates [n, outputs] as shares
 *   of the basis [basis, outputs]; those that were not used get 0
 */

/**
 * @param {Float32Array} products [rows, basis]
 * @param {readonly number[]} basis rows
 * @param {readonly number[]} used which of the basis, by their places in it
 * @param {readonly number[]} rows those that want coordinates
 * @param {number} ridge is added to the products of a row with itself: identical rows span fewer dimensions
 * @returns {Coordinates}
 */
export function coordinatesOf(products, basis, used, rows, ridge) {
  const n = used.length;
  const width = basis.length;
  const pick = (/** @type {readonly number[]} */ some) => {
    const picked = new Float64Array(some.length * n);
    for (const [i, row] of some.entries()) {
      for (let j = 0; j < n; j++) picked[i * n + j] = products[row * width + used[j]];
    }
    return picked;
  };
  const own = pick(used.map((at) => basis[at]));
  const even = transposed(own, n);
  for (let i = 0; i < own.length; i++) own[i] = (own[i] + even[i]) / 2;
  for (let i = 0; i < n; i++) own[i * n + i] += ridge;
  const lower = cholesky(own, n);
  const ofBasis = new Map(used.map((at, i) => [basis[at], i]));
  const others = rows.filter((row) => !ofBasis.has(row));
  const solved = solve(lower, n, pick(others));
  const values = new Float32Array(rows.length * n);
  let next = 0;
  for (const [i, row] of rows.entries()) {
    const at = ofBasis.get(row);
    const from = at === undefined ? solved.subarray(next, next + n) : lower.subarray(at * n, at * n + n);
    if (at === undefined) next += n;
    values.set(from, i * n);
  }
  return {
    values,
    n,
    shares: (kernel, outputs) => {
      const found = solveLowerTransposed(lower, n, transposed(kernel, outputs));
      const shares = new Float32Array(width * outputs);
      for (const [i, at] of used.entries()) {
        for (let k = 0; k < outputs; k++) shares[at * outputs + k] = found[k * n + i];
      }
      return shares;
    },
  };
}

/**
 * Solves L x = b for many b: of more than L has rows, quicker by its inverse on TensorFlow.js's backend.
 * @param {Float64Array} lower [n, n]
 * @param {number} n
 * @param {Float64Array} rows [m, n], each a b
 * @returns {Float64Array | Float32Array} [m, n], each an x
 */
function solve(lower, n, rows) {
  if (rows.length <= n * n) return solveLower(lower, n, rows);
  const unit = new Float64Array(n * n);
  for (let i = 0; i < n; i++) unit[i * n + i] = 1;
  // Row by row L's inverse, transposed; times these, the rows are solved.
  const inverse = new Matrix(Float32Array.from(transposed(solveLower(lower, n, unit), n)), n, n);
  const solved = inverse.productsWith(Float32Array.from(rows), rows.length / n);
  inverse.dispose();
  return solved;
}
