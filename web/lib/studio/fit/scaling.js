// Embeddings centred, and their parts given the sizes wanted: what is in a picture and where, by late and early
// features, and which kinds of things it is like. As pytrain.training.head does it.

/**
 * What head.json says about fitting.
 * @typedef {object} Fit
 * @property {number} cells quarters of the picture that are told apart: 4, or 1 where places are not told
 * @property {number[]} levels features of each level of the network, in one cell
 * @property {number} groups numbers behind those of the cells, which have no place
 * @property {{levels: number[], places: boolean}} emphasis weights of the levels and, last, of the groups
 * @property {{levels: number[], places: boolean}} knownEmphasis what tells whether a picture is of any class
 * @property {number[]} strengths
 * @property {number} usual
 * @property {number} squaresPenalty
 * @property {number} sharpness
 * @property {number} few
 * @property {number} straying
 * @property {number} ridge
 * @property {number} folds
 * @property {number} rejected
 * @property {number} rejectedAtMost
 * @property {number} even
 * @property {number} accepted
 */

/**
 * Gives embeddings of rows: [to - from, width].
 * @typedef {(from: number, to: number) => Promise<Float32Array>} ReadRows
 */

/** Rows that are read and worked on together. */
export const CHUNK = 256;

export class Scaling {
  #channels;
  #cells;

  /**
   * @param {Pick<Fit, 'cells' | 'levels' | 'groups' | 'emphasis'>} fit
   */
  constructor({ cells, levels, groups, emphasis }) {
    this.#cells = cells;
    this.#channels = levels.reduce((sum, count) => sum + count, 0);
    /** Length of an embedding. */
    this.width = cells * this.#channels + groups;
    /** Which level each number is of; the groups come last. */
    this.level = new Int8Array(this.width).fill(emphasis.levels.length - 1);
    for (let at = 0; at < cells * this.#channels; ) {
      for (const [level, count] of levels.entries()) {
        this.level.fill(level, at, at + count);
        at += count;
      }
    }
    this.emphasis = emphasis;
    this.mean = new Float64Array(this.width);
    /** Factors of a turned embedding; 0 for what does not count. */
    this.scale = new Float64Array(this.width);
  }

  /**
   * Learns the middle and the sizes from some rows; on average they have length 1 then.
   * @param {ReadRows} readRows
   * @param {number[]} rows ascending
   */
  async learn(readRows, rows) {
    const { width } = this;
    const squares = new Float64Array(width);
    const one = new Float32Array(width);
    for (const [from, to] of runsOf(rows)) {
      const values = await readRows(from, to);
      for (let start = 0; start < values.length; start += width) {
        for (let i = 0; i < width; i++) this.mean[i] += values[start + i] / rows.length;
        one.set(values.subarray(start, start + width));
        this.turn(one);
        for (let i = 0; i < width; i++) squares[i] += one[i] ** 2 / rows.length;
      }
    }
    const middle = this.turn(this.mean.slice());
    const { levels } = this.emphasis;
    const sizes = new Float64Array(levels.length);
    const weights = Float64Array.from(this.level, (level, i) => (this.#counts(i) ? levels[level] : 0));
    for (let i = 0; i < width; i++) {
      if (weights[i]) sizes[this.level[i]] += Math.max(0, squares[i] - middle[i] ** 2);
    }
    const used = levels.filter((_, level) => this.level.some((one, i) => one === level && weights[i]));
    const length = Math.hypot(...used);
    for (let i = 0; i < width; i++) {
      this.scale[i] = weights[i] / length / Math.sqrt(Math.max(sizes[this.level[i]], 1e-12));
    }
  }

  /**
   * @param {Float32Array} values [rows, width]
   * @returns {Float32Array} [rows, width]
   */
  scaled(values) {
    const { width, mean, scale } = this;
    const found = new Float32Array(values.length);
    for (let start = 0; start < values.length; start += width) {
      const one = found.subarray(start, start + width);
      for (let i = 0; i < width; i++) one[i] = values[start + i] - mean[i];
      this.turn(one);
      for (let i = 0; i < width; i++) one[i] *= scale[i];
    }
    return found;
  }

  /**
   * Weights on scaled embeddings as weights on embeddings themselves.
   * @param {Float32Array} weights [outputs, width]
   * @param {number} outputs
   * @returns {{kernel: Float32Array, offset: Float32Array}} kernel [width, outputs]; offset [outputs] is to be added to
   *   the bias
   */
  back(weights, outputs) {
    const { width, mean, scale } = this;
    const kernel = new Float32Array(width * outputs);
    const offset = new Float32Array(outputs);
    const one = new Float64Array(width);
    for (let output = 0; output < outputs; output++) {
      for (let i = 0; i < width; i++) one[i] = weights[output * width + i] * scale[i];
      this.turn(one);
      let sum = 0;
      for (let i = 0; i < width; i++) {
        kernel[i * outputs + output] = one[i];
        sum += one[i] * mean[i];
      }
      offset[output] = -sum;
    }
    return { kernel, offset };
  }

  /**
   * Turns four cells into their sum and three differences, halved (Hadamard), in place; twice gives them back.
   * @template {Float32Array | Float64Array} T
   * @param {T} values [width]
   * @returns {T}
   */
  turn(values) {
    if (this.#cells === 1) return values;
    const n = this.#channels;
    for (let i = 0; i < n; i++) {
      const [a, b, c, d] = [values[i], values[n + i], values[2 * n + i], values[3 * n + i]];
      values[i] = (a + b + c + d) / 2;
      values[n + i] = (a + b - c - d) / 2;
      values[2 * n + i] = (a - b + c - d) / 2;
      values[3 * n + i] = (a - b - c + d) / 2;
    }
    return values;
  }

  /** @param {number} at a number of a turned embedding */
  #counts(at) {
    const isPlace = at >= this.#channels && at < this.#cells * this.#channels;
    return this.emphasis.places || !isPlace;
  }
}

/**
 * @param {number[]} rows ascending
 * @returns {Generator<[number, number]>} runs of neighbours, at most CHUNK long
 */
export function* runsOf(rows) {
  for (let at = 0; at < rows.length; ) {
    let end = at + 1;
    while (end < rows.length && rows[end] === rows[end - 1] + 1 && end - at < CHUNK) end++;
    yield [rows[at], rows[end - 1] + 1];
    at = end;
  }
}
