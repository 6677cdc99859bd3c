// The image contract in the browser: the same sums as pytrain/image.py, from any frame to a model's input.

/** Height and width of every model's input, in pixels. */
export const SIZE = 224;

/**
 * Pixels of one picture, as ImageData holds them: RGBA, 8 bits each, row by row. `opaque` says that nothing is
 * transparent, which saves looking at every pixel.
 * @typedef {{data: Uint8ClampedArray | Uint8Array, width: number, height: number, opaque?: boolean}} Pixels
 */

/**
 * The largest centred square of a frame; an odd pixel left over is cut at the bottom or right.
 * @param {number} width
 * @param {number} height
 * @returns {{left: number, top: number, side: number}}
 */
export function cropSquare(width, height) {
  const side = Math.min(width, height);
  return { left: Math.floor((width - side) / 2), top: Math.floor((height - side) / 2), side };
}

/**
 * Which two source pixels each of `size` outputs blends, and how much of the second:
 * bilinear, half-pixel centres, no antialias.
 * @param {number} side
 * @param {number} size
 * @returns {{low: Int32Array, high: Int32Array, fraction: Float32Array}}
 */
export function bilinearTaps(side, size) {
  const low = new Int32Array(size);
  const high = new Int32Array(size);
  const fraction = new Float32Array(size);
  for (let i = 0; i < size; i++) {
    const centre = Math.min(Math.max(((i + 0.5) * side) / size - 0.5, 0), side - 1);
    low[i] = Math.floor(centre);
    high[i] = Math.min(low[i] + 1, side - 1);
    fraction[i] = centre - low[i];
  }
  return { low, high, fraction };
}

/**
 * Turns a frame into a model's input: centre square crop, bilinear resize, scale; transparency is laid on white.
 * @param {Pixels} pixels any size from 1x1
 * @param {Float32Array} [out] where to write, to be used again frame after frame
 * @returns {Float32Array} [224 * 224 * 3], RGB, values in [-1, 1]
 */
export function preprocess(pixels, out = new Float32Array(SIZE * SIZE * 3)) {
  const { width, height } = pixels;
  if (!(width >= 1 && height >= 1 && pixels.data.length === width * height * 4)) {
    throw new RangeError(
      `${pixels.data.length} bytes came for a frame of ${width} x ${height} pixels; ` +
        `expected RGBA, ${width * height * 4} bytes, not empty.`,
    );
  }
  const data = pixels.opaque ? pixels.data : onWhite(pixels.data);
  const { left, top, side } = cropSquare(width, height);
  const { low, high, fraction } = taps(side);
  let at = 0;
  for (let y = 0; y < SIZE; y++) {
    const upper = ((top + low[y]) * width + left) * 4;
    const lower = ((top + high[y]) * width + left) * 4;
    const down = fraction[y];
    const up = 1 - down;
    for (let x = 0; x < SIZE; x++) {
      const first = low[x] * 4;
      const second = high[x] * 4;
      const right = fraction[x];
      for (let channel = 0; channel < 3; channel++) {
        const near = data[upper + first + channel] * up + data[lower + first + channel] * down;
        const far = data[upper + second + channel] * up + data[lower + second + channel] * down;
        out[at++] = (near * (1 - right) + far * right) / 127.5 - 1;
      }
    }
  }
  return out;
}

/** @type {{side: number, taps: ReturnType<typeof bilinearTaps>} | null} */
let latest = null;

/** @param {number} side */
function taps(side) {
  if (latest?.side !== side) latest = { side, taps: bilinearTaps(side, SIZE) };
  return latest.taps;
}

/**
 * @param {Uint8ClampedArray | Uint8Array} data
 * @returns {Uint8ClampedArray | Uint8Array} the same array where all is opaque
 */
function onWhite(data) {
  let opaque = 255;
  for (let i = 3; i < data.length; i += 4) opaque &= data[i];
  if (opaque === 255) return data;
  const flat = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i += 4) {
    const alpha = data[i + 3];
    for (let channel = 0; channel < 3; channel++) {
      flat[i + channel] = Math.round((data[i + channel] * alpha + 255 * (255 - alpha)) / 255);
    }
  }
  return flat;
}
