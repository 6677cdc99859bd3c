// What lies over the picture: one map, or where the model looks; or the part that a kernel sees.

import { byId } from '../dom.js';
import { placeIn } from '../play/pad.js';
import { surface } from '../play/surface.js';
import { paint, rangeOf } from './paint.js';
import { seenWindow } from './source.js';

/** So many pixels each way make a small map smooth; the browser does the rest. */
const SMOOTH = 128;

/** Maps from this size on stand as they are. */
const FINE = 56;

const canvas = byId('over', HTMLCanvasElement);
const stamp = byId('stamp');

/**
 * @param {{width: number, height: number, values: Float32Array}} map
 * @param {string} name
 * @param {{see: boolean, range?: [number, number]}} how see: the picture is seen below it
 */
export function layOver(map, name, { see, range = rangeOf(map.values) }) {
  const { width, height, values } = map;
  const smooth = see && Math.max(width, height) < FINE;
  const shown = smooth
    ? { width: SMOOTH, height: SMOOTH, values: surface(values, width, height, SMOOTH) }
    : map;
  paint(canvas, shown, range, see);
  canvas.classList.toggle('plain', !see);
  placeIn(canvas, seenWindow());
  canvas.hidden = false;
  stamp.textContent = name;
  stamp.hidden = false;
}

/**
 * A frame around the pixels of the network's input that a kernel lies on.
 * @param {{left: number, top: number, side: number, size: number}} place size: of the input
 */
export function frameOver({ left, top, side, size }) {
  const scale = 4;
  Object.assign(canvas, { width: size * scale, height: size * scale });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  const box = /** @type {const} */ ([left * scale, top * scale, side * scale, side * scale]);
  for (const [width, colour] of /** @type {const} */ ([
    [9, '#141413'],
    [5, '#ff5b1f'],
  ])) {
    Object.assign(context, { lineWidth: width, strokeStyle: colour });
    context.strokeRect(...box);
  }
  canvas.classList.remove('plain');
  placeIn(canvas, null);
  canvas.hidden = false;
  stamp.hidden = true;
}

export function takeOff() {
  canvas.hidden = true;
  stamp.hidden = true;
}
