// A kernel slid over a picture, and pooling: the same sums as TensorFlow's conv2d, max_pool and avg_pool.

/** Values [height, width, channels], row by row. @typedef {{height: number, width: number, channels: number, values: Float32Array}} Maps */
/** @typedef {'same' | 'valid'} Padding */
/** @typedef {'none' | 'max' | 'average'} Pooling */

/** Pooling takes squares of this side, one beside the other. */
export const POOL = 2;

/**
 * How many places a kernel finds along one side.
 * @param {number} size of the picture
 * @param {number} kernel side of the kernel
 * @param {number} stride from place to place
 * @param {Padding} padding 'valid': the kernel stays inside; 'same': its middle visits every place, with zeros around
 */
export function outputSize(size, kernel, stride, padding) {
  return padding === 'same'
    ? Math.ceil(size / stride)
    : Math.max(0, Math.floor((size - kernel) / stride) + 1);
}

/**
 * How many zeros are put before the first place. Where the number of all zeros is odd, one more goes behind.
 * @param {number} size
 * @param {number} kernel
 * @param {number} stride
 * @param {Padding} padding
 */
export function zerosBefore(size, kernel, stride, padding) {
  if (padding === 'valid') return 0;
  const needed = (outputSize(size, kernel, stride, padding) - 1) * stride + kernel - size;
  return Math.max(0, needed) >> 1;
}

/**
 * Slides a kernel over every channel by itself. It is not turned round: what machine learning calls a convolution
 * is what mathematics calls a cross-correlation.
 * @param {Maps} input
 * @param {ArrayLike<number>} kernel [side * side], row by row
 * @param {{stride: number, padding: Padding}} way
 * @returns {Maps}
 */
export function convolve(input, kernel, { stride, padding }) {
  const side = Math.sqrt(kernel.length);
  const { channels } = input;
  const height = outputSize(input.height, side, stride, padding);
  const width = outputSize(input.width, side, stride, padding);
  const above = zerosBefore(input.height, side, stride, padding);
  const left = zerosBefore(input.width, side, stride, padding);
  const values = new Float32Array(height * width * channels);
  const across = input.width * channels;
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const weight = kernel[row * side + column];
      if (weight === 0) continue;
      const [fromY, toY] = inside(height, input.height, stride, row - above);
      const [fromX, toX] = inside(width, input.width, stride, column - left);
      for (let y = fromY; y < toY; y++) {
        let from = (y * stride + row - above) * across + (fromX * stride + column - left) * channels;
        let to = (y * width + fromX) * channels;
        for (let x = fromX; x < toX; x++) {
          for (let channel = 0; channel < channels; channel++) {
            values[to + channel] += weight * input.values[from + channel];
          }
          from += stride * channels;
          to += channels;
        }
      }
    }
  }
  return { height, width, channels, values };
}

/**
 * The places of the output for which one cell of the kernel lies on the picture.
 * @param {number} places
 * @param {number} size of the picture
 * @param {number} stride
 * @param {number} offset of that cell from where the kernel begins, zeros before taken away
 * @returns {[number, number]} the first, and the one behind the last
 */
function inside(places, size, stride, offset) {
  const first = Math.max(0, Math.ceil(-offset / stride));
  const behind = Math.min(places, Math.floor((size - 1 - offset) / stride) + 1);
  return [first, Math.max(first, behind)];
}

/**
 * Keeps one value of each square of 2 x 2: the greatest, or the mean. What does not fill a square is left out.
 * @param {Maps} input
 * @param {Pooling} kind
 * @returns {Maps}
 */
export function pool(input, kind) {
  if (kind === 'none') return input;
  const { channels } = input;
  const height = Math.floor(input.height / POOL);
  const width = Math.floor(input.width / POOL);
  const values = new Float32Array(height * width * channels);
  const right = channels;
  const down = input.width * channels;
  let to = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let from = y * POOL * down + x * POOL * channels;
      for (let channel = 0; channel < channels; channel++, from++) {
        const [a, b] = [input.values[from], input.values[from + right]];
        const [c, d] = [input.values[from + down], input.values[from + down + right]];
        values[to++] = kind === 'max' ? Math.max(a, b, c, d) : (a + b + c + d) / 4;
      }
    }
  }
  return { height, width, channels, values };
}

/**
 * What a kernel sees when it makes one value: the part of the picture below it, zeros where it hangs over the edge.
 * @param {Maps} input
 * @param {number} side of the kernel
 * @param {{stride: number, padding: Padding}} way
 * @param {{x: number, y: number, channel: number}} place of the output
 * @returns {{top: number, left: number, values: number[]}} values [side * side]; top and left may be negative
 */
export function patch(input, side, { stride, padding }, { x, y, channel }) {
  const top = y * stride - zerosBefore(input.height, side, stride, padding);
  const left = x * stride - zerosBefore(input.width, side, stride, padding);
  const values = [];
  for (let row = top; row < top + side; row++) {
    for (let column = left; column < left + side; column++) {
      const there = row >= 0 && row < input.height && column >= 0 && column < input.width;
      values.push(there ? input.values[(row * input.width + column) * input.channels + channel] : 0);
    }
  }
  return { top, left, values };
}
