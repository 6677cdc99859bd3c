// From a layer's numbers to pictures: dark where nothing was found, orange where something was, white where most.

/** Dark, orange, nearly white: at 0, at HALF and at 1. */
const COLOURS = [
  [20, 20, 19],
  [255, 91, 31],
  [255, 246, 238],
];
const HALF = 0.6;

/** How dark the picture below a map gets where the map found nothing; 0 to 255. */
const DARK = 190;
/** How much of the glow covers it where the map found most. */
const GLOW = 150;

const RAMP = new Uint32Array(
  new Uint8Array(Array.from({ length: 256 }, (_, at) => opaque(at / 255)).flat()).buffer,
);
const GLASS = new Uint32Array(
  new Uint8Array(Array.from({ length: 256 }, (_, at) => glass(at / 255)).flat()).buffer,
);

/** @param {number} value @returns {number[]} RGBA */
function opaque(value) {
  const upper = value > HALF;
  const share = upper ? (value - HALF) / (1 - HALF) : value / HALF;
  const [from, to] = upper ? [COLOURS[1], COLOURS[2]] : [COLOURS[0], COLOURS[1]];
  return [...from.map((channel, at) => channel + share * (to[at] - channel)), 255];
}

/** @param {number} value @returns {number[]} RGBA */
function glass(value) {
  return value > 0.5 ? [255, 91, 31, (2 * value - 1) * GLOW] : [12, 12, 11, (1 - 2 * value) * DARK];
}

/**
 * One channel of a layer's maps.
 * @param {import('../../lib/inside.js').Maps} maps
 * @param {number} channel
 * @returns {{width: number, height: number, values: Float32Array}}
 */
export function channelOf({ width, height, channels, values }, channel) {
  const one = new Float32Array(width * height);
  for (let at = 0; at < one.length; at++) one[at] = values[at * channels + channel];
  return { width, height, values: one };
}

/** @param {Float32Array} values @returns {[number, number]} least and most */
export function rangeOf(values) {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return [least, most];
}

/**
 * Paints a map into a canvas, one pixel for each of its places.
 * @param {HTMLCanvasElement} canvas
 * @param {{width: number, height: number, values: Float32Array}} map
 * @param {[number, number]} range what is dark and what is white
 * @param {boolean} [over] to be laid over the picture
 */
export function paint(canvas, { width, height, values }, [least, most], over = false) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const pixels = context.createImageData(width, height);
  const colours = new Uint32Array(pixels.data.buffer);
  const ramp = over ? GLASS : RAMP;
  const scale = most > least ? 255 / (most - least) : 0;
  for (let at = 0; at < values.length; at++) colours[at] = ramp[((values[at] - least) * scale) | 0];
  context.putImageData(pixels, 0, 0);
}

/**
 * Paints a filter in the colours it answers to; what takes away is dark, what counts nothing is grey.
 * @param {HTMLCanvasElement} canvas
 * @param {import('../../lib/inside.js').Filters} filters
 * @param {number} filter
 */
export function paintFilter(canvas, { width, height, inputs, filters, values }, filter) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  Object.assign(canvas, { width, height });
  const pixels = context.createImageData(width, height);
  let most = 1e-9;
  for (let at = filter; at < values.length; at += filters) most = Math.max(most, Math.abs(values[at]));
  for (let place = 0; place < width * height; place++) {
    for (let channel = 0; channel < 3; channel++) {
      // Of a layer that does not see red, green and blue, the first input stands for all.
      const input = inputs === 3 ? channel : 0;
      const value = values[(place * inputs + input) * filters + filter];
      pixels.data[place * 4 + channel] = 127.5 + (127.5 * value) / most;
    }
    pixels.data[place * 4 + 3] = 255;
  }
  context.putImageData(pixels, 0, 0);
}
