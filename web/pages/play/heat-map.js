// Where the model looks, laid over the picture: what does not matter goes dark, what matters most glows.

import { byId } from '../dom.js';
import { amount } from './calm.js';
import { shown, state } from './state.js';

/** The map has a few places each way; so many pixels each way make it smooth, and the browser does the rest. */
const SIZE = 128;

const canvas = byId('heat', HTMLCanvasElement);
const button = byId('looks', HTMLButtonElement);
const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
const pixels = new ImageData(SIZE, SIZE);

/** The values on show, for the next ones to be mixed with. @type {Float32Array | null} */
let before = null;

/** Whether it is wanted. */
let on = false;

export function wantsHeat() {
  return on;
}

/** @param {import('../../lib/results.js').HeatMap | null | undefined} map */
export function drawHeat(map) {
  if (!on || !map) {
    hideHeat();
    return;
  }
  const { width, height, values } = map;
  const keep = before?.length === values.length && state.source !== 'picture' ? amount() : 0;
  const mixed = values.map((value, index) => value * (1 - keep) + keep * Number(before?.[index] ?? 0));
  before = mixed;
  paint(pixels.data, smooth(mixed, width, height));
  if (canvas.width !== SIZE) canvas.width = canvas.height = SIZE;
  context.putImageData(pixels, 0, 0);
  place();
}

export function hideHeat() {
  before = null;
  canvas.hidden = true;
}

/** Over the element that is looked at, turned as that is. */
function place() {
  const under = shown();
  if (canvas.previousElementSibling !== under) under.after(canvas);
  canvas.classList.toggle('mirrored', under.classList.contains('mirrored'));
  canvas.hidden = false;
}

/** The same picture over another one, such as a snapshot: its centre square. @param {CanvasRenderingContext2D} over @param {number} side */
export function stampHeat(over, side) {
  if (!canvas.hidden) over.drawImage(canvas, 0, 0, side, side);
}

/**
 * A soft surface through the values, which stand at the middles of their places.
 * @param {Float32Array} values
 * @param {number} width
 * @param {number} height
 * @returns {Float32Array} [SIZE, SIZE]
 */
export function smooth(values, width, height) {
  const across = spread(values, width, height);
  const surface = transpose(spread(transpose(across, SIZE, height), height, SIZE), SIZE, SIZE);
  // A spline rounds peaks off; the highest stays as high as it was.
  const scale = greatest(values) / (greatest(surface) || 1);
  return surface.map((value) => value * scale);
}

/** @param {Float32Array} values */
function greatest(values) {
  return values.reduce((a, b) => Math.max(a, b), 0);
}

/**
 * Each row to SIZE values, by cubic B-splines, which never swing past the values that they pass.
 * @param {Float32Array} values [rows, width]
 * @param {number} width
 * @param {number} rows
 */
function spread(values, width, rows) {
  const wide = new Float32Array(rows * SIZE);
  const last = width - 1;
  for (let x = 0; x < SIZE; x++) {
    const at = ((x + 0.5) * width) / SIZE - 0.5;
    const low = Math.floor(at);
    const t = at - low;
    const weights = [
      (1 - t) ** 3 / 6,
      (3 * t ** 3 - 6 * t ** 2 + 4) / 6,
      (-3 * t ** 3 + 3 * t ** 2 + 3 * t + 1) / 6,
      t ** 3 / 6,
    ];
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      for (let tap = 0; tap < 4; tap++) {
        const from = Math.min(Math.max(low - 1 + tap, 0), last);
        sum += weights[tap] * values[row * width + from];
      }
      wide[row * SIZE + x] = sum;
    }
  }
  return wide;
}

/**
 * @param {Float32Array} values [height, width]
 * @param {number} width
 * @param {number} height
 */
function transpose(values, width, height) {
  const turned = new Float32Array(values.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) turned[x * height + y] = values[y * width + x];
  }
  return turned;
}

/** How dark the rest gets, and how much of the glow covers what matters most; 0 to 255. */
const DARK = 175;
const GLOW = 110;

/**
 * @param {Uint8ClampedArray} data RGBA
 * @param {Float32Array} values
 */
function paint(data, values) {
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    const light = step(0.4, 1, value);
    const dark = 1 - step(0.05, 0.5, value);
    const glows = light > 0;
    data[4 * i] = glows ? 255 : 12;
    data[4 * i + 1] = glows ? 91 : 12;
    data[4 * i + 2] = glows ? 31 : 11;
    data[4 * i + 3] = glows ? light * GLOW : dark * DARK;
  }
}

/** From 0 to 1 between two values, softly. @param {number} from @param {number} to @param {number} value */
function step(from, to, value) {
  const t = Math.min(1, Math.max(0, (value - from) / (to - from)));
  return t * t * (3 - 2 * t);
}

/** Says whether the model in use can tell, and asks it to if that is wanted. */
export function offerHeat() {
  const { classifier } = state;
  const can =
    Boolean(classifier?.metadata.pytrain.outputs?.class_activation) && classifier?.format === 'graph';
  button.disabled = !can;
  button.title =
    classifier && !can
      ? 'This model cannot say where it looks.'
      : 'Dark: does not matter. Bright: decides the answer.';
  if (classifier && can) classifier.heatMap = on;
}

/** @param {() => void} again called where the answer has to be asked for again */
export function toggleHeat(again) {
  if (button.disabled) return;
  on = !on;
  button.setAttribute('aria-pressed', String(on));
  if (state.classifier) state.classifier.heatMap = on;
  if (on) again();
  else hideHeat();
}
