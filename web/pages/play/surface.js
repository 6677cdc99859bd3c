// From a few values across and down to a smooth picture of them.

/** Values that each point of a cubic B-spline blends; it never swings past them. */
const TAPS = 4;

/** @typedef {{from: Int32Array, weights: Float32Array}} Taps [size, TAPS] */

/** By the number of values and of points. @type {Map<string, Taps>} */
const known = new Map();

/**
 * A soft surface through the values, which stand at the middles of their places; its peak is as high as theirs.
 * @param {Float32Array} values [height, width]
 * @param {number} width
 * @param {number} height
 * @param {number} size
 * @returns {Float32Array} [size, size]
 */
export function surface(values, width, height, size) {
  const across = tapsOf(width, size);
  const down = tapsOf(height, size);
  const rows = new Float32Array(height * size);
  for (let row = 0; row < height; row++) {
    for (let x = 0, tap = 0; x < size; x++) {
      let sum = 0;
      for (const end = tap + TAPS; tap < end; tap++) {
        sum += across.weights[tap] * values[row * width + across.from[tap]];
      }
      rows[row * size + x] = sum;
    }
  }
  const smooth = new Float32Array(size * size);
  let peak = 0;
  for (let y = 0; y < size; y++) {
    const [a, b, c, d] = down.from.subarray(y * TAPS, (y + 1) * TAPS).map((row) => row * size);
    const [p, q, r, s] = down.weights.subarray(y * TAPS, (y + 1) * TAPS);
    for (let x = 0; x < size; x++) {
      const value = p * rows[a + x] + q * rows[b + x] + r * rows[c + x] + s * rows[d + x];
      smooth[y * size + x] = value;
      if (value > peak) peak = value;
    }
  }
  const scale = values.reduce((most, value) => Math.max(most, value), 0) / (peak || 1);
  for (let at = 0; at < smooth.length; at++) smooth[at] *= scale; // a spline rounds peaks off
  return smooth;
}

/**
 * @param {number} count of values in a row
 * @param {number} size of the row that is made of them
 * @returns {Taps}
 */
function tapsOf(count, size) {
  const key = `${count} ${size}`;
  const found = known.get(key);
  if (found) return found;
  const taps = { from: new Int32Array(size * TAPS), weights: new Float32Array(size * TAPS) };
  for (let x = 0; x < size; x++) {
    const at = ((x + 0.5) * count) / size - 0.5;
    const low = Math.floor(at);
    const t = at - low;
    const weights = [(1 - t) ** 3, 3 * t ** 3 - 6 * t ** 2 + 4, -3 * t ** 3 + 3 * t ** 2 + 3 * t + 1, t ** 3];
    for (const [tap, weight] of weights.entries()) {
      taps.weights[x * TAPS + tap] = weight / 6;
      taps.from[x * TAPS + tap] = Math.min(Math.max(low - 1 + tap, 0), count - 1);
    }
  }
  known.set(key, taps);
  return taps;
}
