// Numbers of half the size, to keep many: IEEE 754 half precision, as arrays of its bits.

const value = new Float32Array(1);
const bits = new Uint32Array(value.buffer);

/**
 * @param {ArrayLike<number>} numbers up to 65504 in size
 * @returns {Uint16Array<ArrayBuffer>} rounded to the nearest, to even where two are as near
 */
export function toFloat16(numbers) {
  const halves = new Uint16Array(numbers.length);
  for (let i = 0; i < numbers.length; i++) {
    value[0] = numbers[i];
    halves[i] = halfOf(bits[0]);
  }
  return halves;
}

/**
 * @param {Uint16Array} halves
 * @param {Float32Array} [out]
 * @returns {Float32Array}
 */
export function fromFloat16(halves, out = new Float32Array(halves.length)) {
  for (let i = 0; i < halves.length; i++) out[i] = TABLE[halves[i]];
  return out;
}

/** @param {number} single the bits of a float32 */
function halfOf(single) {
  const sign = (single >>> 16) & 0x8000;
  const exponent = (single >>> 23) & 0xff;
  const fraction = single & 0x7fffff;
  if (exponent === 0xff) return sign | 0x7c00 | (fraction ? 0x200 : 0);
  const shifted = exponent - 112;
  if (shifted >= 31) return sign | 0x7c00;
  if (shifted <= 0) {
    // Too small for a normal number: the leading one moves into the fraction.
    if (shifted < -10) return sign;
    return sign | rounded(fraction | 0x800000, 14 - shifted);
  }
  return sign | rounded((shifted << 23) | fraction, 13);
}

/**
 * @param {number} number
 * @param {number} away bits that are dropped
 */
function rounded(number, away) {
  const kept = number >>> away;
  const rest = number & ((1 << away) - 1);
  const half = 1 << (away - 1);
  return kept + Number(rest > half || (rest === half && kept % 2 === 1));
}

/** What each of the 65536 halves stands for. */
const TABLE = Float32Array.from({ length: 65536 }, (_, half) => {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24);
});
