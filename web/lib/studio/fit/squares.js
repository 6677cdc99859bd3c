// Ridge regression: least squares with the usual penalty, solved at once. Of few pictures it tells more than softmax
// regression, as pytrain.training.head found.

import { cholesky, solveLower, solveLowerTransposed, transposed } from './linear.js';

/** Steps of conjugate gradients that are shown; a step may leave so much of the difference at the start. */
const STEPS = 40;
const CLOSE = 1e-3;

/**
 * @typedef {object} Task
 * @property {import('./matrix.js').Matrix} coordinates [rows, n]
 * @property {Int32Array} truth which output each row is of
 * @property {Float32Array} weights how much each row counts; 0 leaves it out
 * @property {number} outputs
 * @property {number} penalty
 * @property {number} sharpness what is asked for the right output; 0 for the others
 * @property {(weights: import('./softmax.js').Weights) => void} [onStep] is shown how the answer is approached
 */

/**
 * @param {Task} task
 * @returns {import('./softmax.js').Weights}
 */
export function fitSquares({ coordinates, truth, weights, outputs, penalty, sharpness, onStep }) {
  const { columns: n } = coordinates;
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  // The bias costs nothing: it is what is left where everything is taken from its mean.
  const middle = coordinates.transposedTimes(weights, 1).map((sum) => sum / total);
  const asked = new Float32Array(truth.length * outputs);
  const usual = new Float64Array(outputs);
  for (const [row, label] of truth.entries()) usual[label] += (weights[row] / total) * sharpness;
  for (const [row, label] of truth.entries()) {
    for (let k = 0; k < outputs; k++) {
      asked[row * outputs + k] = weights[row] * (Number(k === label) * sharpness - usual[k]);
    }
  }
  const matrix = Float64Array.from(coordinates.weighted(weights));
  const wanted = Float64Array.from(coordinates.transposedTimes(asked, outputs));
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) matrix[i * n + j] -= total * middle[i] * middle[j];
    matrix[i * n + i] += penalty;
  }
  /** @param {Float64Array} kernel */
  const withBias = (kernel) => {
    const bias = Float32Array.from(usual);
    for (let i = 0; i < n; i++) {
      for (let k = 0; k < outputs; k++) bias[k] -= middle[i] * kernel[i * outputs + k];
    }
    return { kernel: Float32Array.from(kernel), bias, outputs };
  };
  if (onStep) approach(matrix, n, wanted, outputs, (kernel) => onStep(withBias(kernel)));
  const lower = cholesky(matrix, n);
  const solved = solveLowerTransposed(lower, n, solveLower(lower, n, transposed(wanted, outputs)));
  const found = withBias(transposed(solved, n));
  onStep?.(found);
  return found;
}

/**
 * Conjugate gradients (Hestenes & Stiefel, 1952), for all outputs side by side: each step is an answer, and better
 * than the one before.
 * @param {Float64Array} matrix [n, n]
 * @param {number} n
 * @param {Float64Array} wanted [n, outputs]
 * @param {number} outputs
 * @param {(answer: Float64Array) => void} onStep
 */
function approach(matrix, n, wanted, outputs, onStep) {
  const answer = new Float64Array(n * outputs);
  const rest = wanted.slice();
  const direction = wanted.slice();
  const first = dots(rest, rest, outputs);
  let lengths = first;
  for (let step = 0; step < STEPS && lengths.some((one, k) => one > CLOSE ** 2 * first[k]); step++) {
    const moved = product(matrix, n, direction, outputs);
    const slopes = dots(direction, moved, outputs);
    for (let i = 0; i < answer.length; i++) {
      const k = i % outputs;
      const share = slopes[k] > 0 ? lengths[k] / slopes[k] : 0;
      answer[i] += share * direction[i];
      rest[i] -= share * moved[i];
    }
    const next = dots(rest, rest, outputs);
    for (let i = 0; i < answer.length; i++) {
      const k = i % outputs;
      direction[i] = rest[i] + (lengths[k] > 0 ? next[k] / lengths[k] : 0) * direction[i];
    }
    lengths = next;
    onStep(answer);
  }
}

/**
 * @param {Float64Array} a [n, outputs]
 * @param {Float64Array} b
 * @param {number} outputs
 * @returns {Float64Array} [outputs]
 */
function dots(a, b, outputs) {
  const sums = new Float64Array(outputs);
  for (let i = 0; i < a.length; i++) sums[i % outputs] += a[i] * b[i];
  return sums;
}

/**
 * @param {Float64Array} matrix [n, n]
 * @param {number} n
 * @param {Float64Array} columns [n, outputs]
 * @param {number} outputs
 */
function product(matrix, n, columns, outputs) {
  const found = new Float64Array(columns.length);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const share = matrix[i * n + j];
      for (let k = 0; k < outputs; k++) found[i * outputs + k] += share * columns[j * outputs + k];
    }
  }
  return found;
}
