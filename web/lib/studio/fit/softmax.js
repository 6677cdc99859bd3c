// Softmax regression with the usual L2 penalty; the products are TensorFlow.js's.

import { minimise } from './minimise.js';

/**
 * Weights on coordinates: kernel [coordinates, outputs], bias [outputs].
 * @typedef {{kernel: Float32Array, bias: Float32Array, outputs: number}} Weights
 */

/**
 * @typedef {object} Task
 * @property {import('./matrix.js').Matrix} coordinates [rows, n]
 * @property {Int32Array} truth which output each row is of
 * @property {Float32Array} weights how much each row counts; 0 leaves it out
 * @property {number} outputs
 * @property {number} strength how much the rows count against the penalty (scikit-learn's C)
 * @property {Weights} [start]
 * @property {(weights: Weights) => void} [onStep] is shown how the answer is approached
 */

/**
 * @param {Task} task
 * @returns {Weights}
 */
export function fitSoftmax({ coordinates, truth, weights, outputs, strength, start, onStep }) {
  const { rows, columns: n } = coordinates;
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const size = 1 / (strength * total);
  const kernels = n * outputs;
  const wrong = new Float32Array(rows * outputs);
  /** @type {import('./minimise.js').Differentiable} */
  const objective = (at) => {
    const { kernel, bias } = partsOf(at, kernels, outputs);
    const said = coordinates.times(kernel, outputs);
    let loss = 0;
    const gradient = new Float64Array(kernels + outputs);
    for (let row = 0, i = 0; row < rows; row++, i += outputs) {
      const share = weights[row] / total;
      if (share === 0) {
        wrong.fill(0, i, i + outputs);
        continue;
      }
      const { sum, most } = softmaxOf(said, i, bias);
      const own = i + truth[row];
      loss += share * (Math.log(sum) + most - said[own] - bias[truth[row]]);
      for (let k = 0; k < outputs; k++) {
        const probability = Math.exp(said[i + k] + bias[k] - most) / sum;
        wrong[i + k] = share * (probability - Number(k === truth[row]));
        gradient[kernels + k] += wrong[i + k];
      }
    }
    const toKernel = coordinates.transposedTimes(wrong, outputs);
    let penalty = 0;
    for (let i = 0; i < kernels; i++) {
      gradient[i] = toKernel[i] + size * at[i];
      penalty += at[i] * at[i];
    }
    return { value: loss + 0.5 * size * penalty, gradient };
  };

  const first = new Float64Array(kernels + outputs);
  if (start) {
    first.set(start.kernel);
    first.set(start.bias, kernels);
  }
  const found = minimise(objective, first, (at) => onStep?.(partsOf(at, kernels, outputs)));
  return partsOf(found, kernels, outputs);
}

/**
 * What weights say of rows.
 * @param {import('./matrix.js').Matrix} coordinates [rows, n]
 * @param {Weights} weights
 * @returns {Float32Array} [rows, outputs]
 */
export function logitsOf(coordinates, { kernel, bias, outputs }) {
  if (coordinates.rows === 0) return new Float32Array(0);
  return coordinates.times(kernel, outputs).map((value, i) => value + bias[i % outputs]);
}

/**
 * @param {Float32Array} logits
 * @param {number} from
 * @param {Float32Array} bias
 */
function softmaxOf(logits, from, bias) {
  let most = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < bias.length; k++) most = Math.max(most, logits[from + k] + bias[k]);
  let sum = 0;
  for (let k = 0; k < bias.length; k++) sum += Math.exp(logits[from + k] + bias[k] - most);
  return { sum, most };
}

/**
 * @param {Float64Array} at
 * @param {number} kernels
 * @param {number} outputs
 * @returns {Weights}
 */
function partsOf(at, kernels, outputs) {
  return {
    kernel: Float32Array.from(at.subarray(0, kernels)),
    bias: Float32Array.from(at.subarray(kernels)),
    outputs,
  };
}
