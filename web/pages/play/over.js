// Puts a canvas over the element that is looked at, turned as that is.

import { placeIn } from './pad.js';
import { pad, shown, state } from './state.js';

/** @param {HTMLCanvasElement} canvas */
export function putOver(canvas) {
  const under = shown();
  if (canvas.previousElementSibling !== under) under.after(canvas);
  canvas.classList.toggle('mirrored', under.classList.contains('mirrored'));
  placeIn(canvas, state.source === 'pad' ? pad.window : null);
  canvas.hidden = false;
}
