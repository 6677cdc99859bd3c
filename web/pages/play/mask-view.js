// What is where, laid over the picture: every shape in its colour, and how much of the picture each covers.

import { byId } from '../dom.js';
import { givesMask } from '../gives.js';
import { listAreas, paintMask } from '../mask.js';
import { calmed } from './calm.js';
import { putOver } from './over.js';
import { state } from './state.js';

const canvas = byId('mask', HTMLCanvasElement);
const button = byId('where', HTMLButtonElement);
const list = byId('areas');

/** The values on show, for the next ones to be mixed with. @type {Float32Array | null} */
let before = null;

/** Whether it is wanted. */
let on = false;

export function wantsMask() {
  return on;
}

/** @param {import('../../lib/results.js').Mask | null | undefined} mask */
export function drawMask(mask) {
  if (!on || !mask) {
    hideMask();
    return;
  }
  before = calmed(mask.values, before);
  paintMask(canvas, { ...mask, values: before });
  listAreas(list, mask);
  list.hidden = false;
  putOver(canvas);
}

export function hideMask() {
  before = null;
  canvas.hidden = true;
  list.hidden = true;
}

/** The same picture over another one, such as a snapshot: its centre square. @param {CanvasRenderingContext2D} over @param {number} side */
export function stampMask(over, side) {
  if (!canvas.hidden) over.drawImage(canvas, 0, 0, side, side);
}

/** Shows the button where the model in use can tell, and asks it to if that is wanted. */
export function offerMask() {
  const can = givesMask(state.classifier);
  button.hidden = !can;
  if (state.classifier && can) state.classifier.mask = on;
  if (!can) hideMask();
}

/** @param {() => void} again called where the answer has to be asked for again */
export function toggleMask(again) {
  if (!button.hidden) turnMask(!on, again);
}

/** @param {boolean} wanted @param {() => void} [again] */
export function turnMask(wanted, again = () => {}) {
  on = wanted;
  button.setAttribute('aria-pressed', String(on));
  if (state.classifier) state.classifier.mask = on;
  if (on) again();
  else hideMask();
}
