// Embeddings taken apart: what of them says what is in a picture, what says where, from late and early features.
//
// As pytrain.training.head does it: the cells of the picture are turned into their sum and three differences
// (Hadamard), and each level of the network is weighed for itself.

/**
 * What head.json says about fitting.
 * @typedef {object} Fit
 * @property {number} cells 4, or 1 where the network tells no places apart
 * @property {number[]} levels features of each level, in one cell
 * @property {{levels: number[], places: boolean}[]} emphases
 * @property {number[]} strengths
 * @property {number} usual
 * @property {number} straying
 * @property {number} mostStrays
 * @property {number} ridge
 * @property {number} folds
 * @property {number} rejected
 * @property {number} rejectedAtMost
 * @property {number} even
 * @property {number} accepted
 */

/** @typedef {Fit['emphases'][number]} Emphasis */

/** Columns of a turned embedding that belong together. @typedef {{level: number, places: boolean, width: number}} Block */

export class Blocks {
  /** @param {Fit} fit */
  constructor({ cells, levels }) {
    this.cells = cells;
    this.levels = levels;
    this.channels = levels.reduce((sum, count) => sum + count, 0);
    /** Length of an embedding. */
    this.width = cells * this.channels;
    /** @type {Block[]} */
    this.list = levels.flatMap((count, level) => [
      { level, places: false, width: count },
      ...(cells > 1 ? [{ level, places: true, width: (cells - 1) * count }] : []),
    ]);
  }

  /**
   * Turns an embedding in place; doing it twice gives it back.
   * @param {Float32Array | Float64Array} values [width]
   */
  turn(values) {
    if (this.cells === 1) return values;
    const n = this.channels;
    for (let i = 0; i < n; i++) {
      const [a, b, c, d] = [values[i], values[n + i], values[2 * n + i], values[3 * n + i]];
      values[i] = (a + b + c + d) / 2;
      values[n + i] = (a + b - c - d) / 2;
      values[2 * n + i] = (a - b + c - d) / 2;
      values[3 * n + i] = (a - b - c + d) / 2;
    }
    return values;
  }

  /**
   * Writes a turned embedding into rows of blocks.
   * @param {Float32Array | Float64Array} turned
   * @param {Float32Array[]} blocks one for each of `list`
   * @param {number} row
   */
  split(turned, blocks, row) {
    for (const [at, from, to, length] of this.#spans()) {
      blocks[at].set(turned.subarray(from, from + length), row * this.list[at].width + to);
    }
  }

  /**
   * The turned embedding that rows of blocks make up.
   * @param {readonly ArrayLike<number>[]} blocks
   * @param {number} row
   * @returns {Float64Array} [width]
   */
  join(blocks, row) {
    const turned = new Float64Array(this.width);
    for (const [at, from, to, length] of this.#spans()) {
      const start = row * this.list[at].width + to;
      for (let i = 0; i < length; i++) turned[from + i] = blocks[at][start + i];
    }
    return turned;
  }

  /**
   * @param {ArrayLike<number>} perBlock a number for each of `list`
   * @returns {Float64Array} [width], for each number of a turned embedding that of its block
   */
  spread(perBlock) {
    const values = new Float64Array(this.width);
    for (const [at, from, , length] of this.#spans()) values.fill(perBlock[at], from, from + length);
    return values;
  }

  /**
   * @param {Float64Array} values [width], of a turned embedding
   * @returns {number[]} sums over each of `list`
   */
  sums(values) {
    const sums = this.list.map(() => 0);
    for (const [at, from, , length] of this.#spans()) {
      for (let i = from; i < from + length; i++) sums[at] += values[i];
    }
    return sums;
  }

  /**
   * The squares of the factors that give blocks the sizes that an emphasis wants; embeddings then have length 1 on
   * average.
   * @param {Emphasis} emphasis
   * @param {number[]} variances of each block
   * @returns {number[]} 0 for blocks that do not count
   */
  scales(emphasis, variances) {
    const counts = this.list.map(({ level, places }) =>
      places && !emphasis.places ? 0 : emphasis.levels[level],
    );
    const used = this.levels.map((_, level) => (emphasis.levels[level] ? emphasis.levels[level] ** 2 : 0));
    const length = used.reduce((sum, square) => sum + square, 0);
    const sizes = this.levels.map((_, level) =>
      this.list.reduce(
        (sum, block, at) => sum + (block.level === level && counts[at] ? variances[at] : 0),
        0,
      ),
    );
    return this.list.map(({ level }, at) => counts[at] ** 2 / length / Math.max(sizes[level], 1e-12));
  }

  /** Runs of numbers: which block, from where in the turned embedding, to where in the block's row, how many. */
  *#spans() {
    for (let cell = 0; cell < this.cells; cell++) {
      let from = cell * this.channels;
      for (const [level, length] of this.levels.entries()) {
        const at = this.list.findIndex((block) => block.level === level && block.places === cell > 0);
        yield [at, from, Math.max(0, cell - 1) * length, length];
        from += length;
      }
    }
  }
}
