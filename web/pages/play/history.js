// The last 20 seconds as a strip: a lane for each class, as thick as the model was sure, orange where it was the answer.

import { byId, make } from '../dom.js';
import { shape } from '../shapes.js';
import { words } from './answer.js';
import { Past } from './past.js';

const SECONDS = 20;

/** More lanes than this cannot be told apart; the classes that came up most get them. */
const MOST_LANES = 6;

/** Heights and gaps in CSS pixels, as in play.css. */
const LANE = 20;
const GAP = 4;

/** Drawn no more often than this, in milliseconds: it moves by a pixel or two each time. */
const EVERY = 50;

const past = new Past(SECONDS * 1000);
const canvas = byId('strip', HTMLCanvasElement);
const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));

/** Labels of the lanes. @type {readonly string[]} */
let lanes = [];
/** @type {readonly string[]} */
let labels = [];
let drawn = 0;
let colours = { ink: '', accent: '', rest: '' };
let size = { width: 0, scale: 1 };

/** Begins anew with another model. @param {readonly string[]} names */
export function startHistory(names) {
  labels = names;
  past.clear();
  setLanes(names.slice(0, MOST_LANES));
}

/** What comes next does not go on from what was. */
export function pause() {
  past.breakOff();
}

/** @param {boolean} visible */
export function showHistory(visible) {
  byId('history').hidden = !visible;
}

/** @param {import('../../lib/results.js').Results} results */
export function remember(results) {
  const now = performance.now();
  past.add(now, results, results.unknown ? '' : results.answer);
  if (now - drawn < EVERY || document.hidden) return;
  drawn = now;
  if (labels.length > MOST_LANES) {
    const most = past.most(MOST_LANES);
    if (most.some((label) => !lanes.includes(label))) setLanes(most);
  }
  draw(now);
}

/** @param {readonly string[]} names */
function setLanes(names) {
  lanes = names;
  byId('lanes').replaceChildren(
    ...names.map((label) => make('li', {}, shape(label), make('span', {}, words(label)))),
  );
  canvas.style.height = `${lanes.length * (LANE + GAP) - GAP}px`;
  draw(performance.now());
}

/** @param {number} now */
function draw(now) {
  const { width, scale } = size;
  const height = Math.round((lanes.length * (LANE + GAP) - GAP) * scale);
  if (!width || height <= 0) return;
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  else context.clearRect(0, 0, width, height);
  const across = width / (SECONDS * 1000);
  lanes.forEach((label, lane) => {
    const middle = (lane * (LANE + GAP) + LANE / 2) * scale;
    context.fillStyle = colours.rest;
    context.fillRect(0, Math.round(middle - scale / 2), width, Math.max(1, Math.round(scale)));
    const rest = new Path2D();
    const won = new Path2D();
    for (const { from, to, confidence, answer } of past.spans(label, now)) {
      const left = Math.floor(width - (now - from) * across);
      const right = Math.ceil(width - (now - to) * across);
      const thick = Math.max(scale, confidence * LANE * scale);
      (answer ? won : rest).rect(left, middle - thick / 2, right - left, thick);
    }
    context.fillStyle = colours.ink;
    context.fill(rest);
    context.fillStyle = colours.accent;
    context.fill(won);
  });
}

/** Read once, for asking the style sheet makes the browser lay out the page. */
function readColours() {
  const style = getComputedStyle(document.documentElement);
  const read = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
  colours = { ink: read('--muted'), accent: read('--accent'), rest: read('--line') };
  draw(performance.now());
}

new ResizeObserver(([{ contentRect }]) => {
  const scale = Math.min(2, devicePixelRatio || 1);
  size = { width: Math.round(contentRect.width * scale), scale };
  draw(performance.now());
}).observe(canvas);
new MutationObserver(readColours).observe(document.documentElement, { attributeFilter: ['data-theme'] });
readColours();
