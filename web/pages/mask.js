// A mask as a picture to be laid over another one, and the list of what it found: one colour for each class.

import { bilinearTaps } from '../lib/preprocess.js';
import { strongest } from '../lib/results.js';
import { make } from './dom.js';

/** @typedef {import('../lib/results.js').Mask} Mask */

/** Pixels each way: edges between places are drawn as fine as the model's own picture is. */
export const SIZE = 224;

/** Of the classes, in their order, as reports paint them; they stay apart for colour-blind eyes. */
const COLOURS = [
  [255, 91, 31],
  [47, 125, 225],
  [242, 194, 0],
  [0, 168, 126],
  [201, 92, 201],
  [120, 120, 116],
];

/** How much of a colour covers what it marks, its edge, and how dark the rest gets; 0 to 255. */
const FILL = 140;
const EDGE = 255;
const DARK = 110;

/** Of an edge, in pixels to either side. */
const EDGE_WIDTH = 1;

/** Less of the square than this is not listed: a few pixels at an edge are nothing that anybody sees. */
const LEAST = 0.002;

/**
 * What each pixel belongs to: the values are enlarged as the image contract enlarges pictures, then the greatest wins.
 * @param {{width: number, height: number, values: Float32Array}} mask
 * @param {number} count of its labels
 * @param {number} [size]
 * @returns {Uint8Array} [size, size], 0 for the background
 */
export function classesOf({ width, height, values }, count, size = SIZE) {
  const across = bilinearTaps(width, size);
  const down = bilinearTaps(height, size);
  const classes = new Uint8Array(size * size);
  const rows = new Float32Array(width * count);
  const mixed = new Float32Array(count);
  for (let y = 0; y < size; y++) {
    const upper = down.low[y] * width * count;
    const lower = down.high[y] * width * count;
    const below = down.fraction[y];
    for (let at = 0; at < rows.length; at++) {
      rows[at] = values[upper + at] * (1 - below) + values[lower + at] * below;
    }
    for (let x = 0; x < size; x++) {
      const left = across.low[x] * count;
      const right = across.high[x] * count;
      const beside = across.fraction[x];
      for (let one = 0; one < count; one++) {
        mixed[one] = rows[left + one] * (1 - beside) + rows[right + one] * beside;
      }
      classes[y * size + x] = strongest(mixed, 0, count);
    }
  }
  return classes;
}

/**
 * Paints a mask: what belongs to a class in its colour, with an edge; the rest darker.
 * @param {HTMLCanvasElement} canvas
 * @param {Mask} mask
 */
export function paintMask(canvas, mask) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  if (canvas.width !== SIZE || canvas.height !== SIZE) Object.assign(canvas, { width: SIZE, height: SIZE });
  const classes = classesOf(mask, mask.labels.length);
  const pixels = context.createImageData(SIZE, SIZE);
  for (let at = 0; at < classes.length; at++) {
    const found = classes[at];
    const colour = found ? COLOURS[(found - 1) % COLOURS.length] : [12, 12, 11];
    const alpha = found ? (atEdge(classes, at) ? EDGE : FILL) : DARK;
    pixels.data.set([colour[0], colour[1], colour[2], alpha], at * 4);
  }
  context.putImageData(pixels, 0, 0);
}

/** Whether something else begins near a pixel. @param {Uint8Array} classes @param {number} at */
function atEdge(classes, at) {
  const x = at % SIZE;
  const own = classes[at];
  const far = EDGE_WIDTH * SIZE;
  return (
    (x >= EDGE_WIDTH && classes[at - EDGE_WIDTH] !== own) ||
    (x < SIZE - EDGE_WIDTH && classes[at + EDGE_WIDTH] !== own) ||
    (at >= far && classes[at - far] !== own) ||
    (at < classes.length - far && classes[at + far] !== own)
  );
}

/** The part of a picture that a class covers, in words. @param {number} area */
export function areaText(area) {
  return area < 0.01 ? '< 1 %' : `${Math.round(100 * area)} %`;
}

/**
 * Lists what a mask found, the largest first.
 * @param {HTMLElement} list
 * @param {Mask} mask
 */
export function listAreas(list, { labels, areas }) {
  const found = labels
    .map((label, at) => ({ label, at, area: areas[at] }))
    .filter(({ at, area }) => at > 0 && area >= LEAST)
    .sort((a, b) => b.area - a.area);
  if (!found.length) {
    list.replaceChildren(make('li', { class: 'nothing' }, 'Nothing it knows'));
    return;
  }
  list.replaceChildren(
    ...found.map(({ label, at, area }) => {
      const dot = make('i', { 'aria-hidden': 'true' });
      dot.style.background = `rgb(${COLOURS[(at - 1) % COLOURS.length].join(' ')})`;
      const name = label.charAt(0).toUpperCase() + label.slice(1).replaceAll('_', ' ');
      const item = make('li', {}, dot, name, make('b', {}, areaText(area)));
      item.dataset.label = label;
      return item;
    }),
  );
}
