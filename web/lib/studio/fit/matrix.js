// Matrices on TensorFlow.js's backend, and their products, which come back as plain arrays.
//
// The wasm backend multiplies quickly what need not be transposed on the way, so matrices that are needed both ways
// are kept both ways.

import { matMul, mul, tensor2d, tidy, transpose } from '@tensorflow/tfjs-core';

/** @typedef {import('@tensorflow/tfjs-core').Tensor2D} Tensor2D */

export class Matrix {
  #tensor;
  /** @type {Tensor2D | null} */
  #turned = null;

  /**
   * @param {Float32Array} values [rows, columns]
   * @param {number} rows
   * @param {number} columns
   */
  constructor(values, rows, columns) {
    this.rows = rows;
    this.columns = columns;
    this.#tensor = tensor2d(values, [rows, columns]);
  }

  /**
   * This matrix times another.
   * @param {Float32Array} other [columns, width]
   * @param {number} width
   * @returns {Float32Array} [rows, width]
   */
  times(other, width) {
    return product(this.#tensor, tensor2d(other, [this.columns, width]));
  }

  /**
   * This matrix, transposed, times another.
   * @param {Float32Array} other [rows, width]
   * @param {number} width
   * @returns {Float32Array} [columns, width]
   */
  transposedTimes(other, width) {
    return product(this.#turn(), tensor2d(other, [this.rows, width]));
  }

  /**
   * The products of this matrix's columns, each row counted as it weighs.
   * @param {Float32Array} weights [rows]
   * @returns {Float32Array} [columns, columns]
   */
  weighted(weights) {
    const scaled = tidy(() => mul(this.#tensor, tensor2d(weights, [this.rows, 1])));
    const found = matMul(this.#turn(), /** @type {Tensor2D} */ (scaled));
    scaled.dispose();
    return taken(found);
  }

  /**
   * The products of other rows with those of this matrix.
   * @param {Float32Array} others [count, columns]
   * @param {number} count
   * @returns {Float32Array} [count, rows]
   */
  productsWith(others, count) {
    const first = tensor2d(others, [count, this.columns]);
    const found = matMul(first, this.#turn());
    first.dispose();
    return taken(found);
  }

  dispose() {
    this.#tensor.dispose();
    this.#turned?.dispose();
  }

  #turn() {
    this.#turned ??= /** @type {Tensor2D} */ (transpose(this.#tensor));
    return this.#turned;
  }
}

/**
 * @param {Tensor2D} first
 * @param {Tensor2D} second is disposed
 */
function product(first, second) {
  const found = matMul(first, second);
  second.dispose();
  return taken(found);
}

/**
 * @param {import('@tensorflow/tfjs-core').Tensor} tensor is disposed
 * @returns {Float32Array}
 */
function taken(tensor) {
  const values = /** @type {Float32Array} */ (tensor.dataSync());
  tensor.dispose();
  return values;
}
