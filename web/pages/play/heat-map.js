// Where the model looks, laid over the picture: what does not matter goes dark, what matters most glows.

import { byId } from '../dom.js';
import { givesHeat } from '../gives.js';
import { calmed } from './calm.js';
import { putOver } from './over.js';
import { state } from './state.js';
import { surface } from './surface.js';

/** The map has a few places each way; so many pixels each way make it smooth, and the browser does the rest. */
const SIZE = 128;

const canvas = byId('heat', HTMLCanvasElement);
const button = byId('looks', HTMLButtonElement);
const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
const pixels = new ImageData(SIZE, SIZE);
const colours = new Uint32Array(pixels.data.buffer);

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
  before = calmed(values, before);
  paint(colours, surface(before, width, height, SIZE));
  if (canvas.width !== SIZE) canvas.width = canvas.height = SIZE;
  context.putImageData(pixels, 0, 0);
  putOver(canvas);
}

export function hideHeat() {
  before = null;
  canvas.hidden = true;
}

/** The same picture over another one, such as a snapshot: its centre square. @param {CanvasRenderingContext2D} over @param {number} side */
export function stampHeat(over, side) {
  if (!canvas.hidden) over.drawImage(canvas, 0, 0, side, side);
}

/** How dark the rest gets, and how much of the glow covers what matters most; 0 to 255. */
const DARK = 175;
const GLOW = 110;

/** The colour of each value from 0 to 1, as ImageData holds it. */
const COLOURS = new Uint32Array(
  new Uint8Array(Array.from({ length: 256 }, (_, at) => colour(at / 255)).flat()).buffer,
);

/** @param {number} value @returns {number[]} RGBA */
function colour(value) {
  const light = step(0.4, 1, value);
  return light > 0 ? [255, 91, 31, light * GLOW] : [12, 12, 11, (1 - step(0.05, 0.5, value)) * DARK];
}

/** From 0 to 1 between two values, softly. @param {number} from @param {number} to @param {number} value */
function step(from, to, value) {
  const t = Math.min(1, Math.max(0, (value - from) / (to - from)));
  return t * t * (3 - 2 * t);
}

/**
 * @param {Uint32Array} colours of the pixels
 * @param {Float32Array} values
 */
function paint(colours, values) {
  for (let at = 0; at < values.length; at++) colours[at] = COLOURS[(values[at] * 255) | 0];
}

/** Says whether the model in use can tell, and asks it to if that is wanted. */
export function offerHeat() {
  const { classifier } = state;
  const can = givesHeat(classifier);
  button.disabled = !can;
  button.title =
    classifier && !can
      ? 'This model cannot say where it looks.'
      : 'Dark: does not matter. Bright: decides the answer.';
  if (classifier && can) classifier.heatMap = on;
}

/** @param {() => void} again called where the answer has to be asked for again */
export function toggleHeat(again) {
  if (!button.disabled) turnHeat(!on, again);
}

/** @param {boolean} wanted @param {() => void} [again] */
export function turnHeat(wanted, again = () => {}) {
  on = wanted;
  button.setAttribute('aria-pressed', String(on));
  if (state.classifier) state.classifier.heatMap = on;
  if (on) again();
  else hideHeat();
}
