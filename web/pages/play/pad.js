// The drawing pad: black lines on white paper, by mouse, pen or finger; white on black for models that learned
// from pictures like MNIST's, which are then scaled and centred as those were.

import { asMnist, SIDE } from './mnist.js';

/** How a model's drawings are prepared, as metadata.json says it. @typedef {'mnist' | undefined} Drawing */

/** Width of a line, in the canvas's own pixels: MNIST's digits are drawn with a thick pen. */
const WIDTHS = { plain: 16, mnist: 44 };

/** @typedef {{width: number, points: {x: number, y: number}[]}} Line */

/**
 * Lays a canvas over the part of the stage that it is about: what a model got of a drawing may be another square of it
 * than all.
 * @param {HTMLCanvasElement} canvas
 * @param {{left: number, top: number, side: number} | null} window in parts of the stage; null for all of it
 */
export function placeIn(canvas, window) {
  const { left, top, side } = window ?? { left: 0, top: 0, side: 1 };
  const percent = (/** @type {number} */ part) => `${100 * part}%`;
  Object.assign(canvas.style, {
    inset: `${percent(top)} auto auto ${percent(left)}`,
    width: percent(side),
    height: percent(side),
  });
}

export class Pad {
  /** @type {Line[]} */
  #lines = [];
  /** @type {Line | null} */
  #line = null;

  /** @type {Drawing} */
  #drawing;
  /** What a model that asks for it gets of the drawing. */
  #prepared = document.createElement('canvas');
  /** Where that came from; null where nothing is drawn. @type {import('./mnist.js').Window | null} */
  #window = null;

  /** Width of new lines, in the canvas's own pixels. */
  width = WIDTHS.plain;

  /** Called whenever the drawing has changed. */
  onChange = () => {};

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    const context = canvas.getContext('2d', { willReadFrequently: true });
    if (!context) throw new Error('This browser gives no 2D canvas.');
    this.context = context;
    this.#redraw();
    canvas.addEventListener('pointerdown', (event) => this.#down(event));
    canvas.addEventListener('pointermove', (event) => this.#move(event));
    for (const name of ['pointerup', 'pointercancel']) {
      canvas.addEventListener(name, () => {
        this.#line = null;
      });
    }
  }

  get empty() {
    return this.#lines.length === 0;
  }

  /** What a model should be shown: the drawing, or what was made of it. */
  get seen() {
    return this.#drawing ? this.#prepared : this.canvas;
  }

  /** Which square of the canvas `seen` shows, in parts of its side; null for all of it. */
  get window() {
    if (!this.#window) return null;
    const { width } = this.canvas;
    const { left, top, side } = this.#window;
    return { left: left / width, top: top / width, side: side / width };
  }

  /**
   * Another way to draw; the lines stay, in other colours.
   * @param {Drawing} drawing
   * @returns {boolean} whether it is another one
   */
  prepareAs(drawing) {
    const wanted = drawing === 'mnist' ? drawing : undefined;
    if (wanted === this.#drawing) return false;
    this.#drawing = wanted;
    this.width = WIDTHS[wanted ?? 'plain'];
    this.canvas.classList.toggle('dark', wanted !== undefined);
    this.#redraw();
    return true;
  }

  /** @param {HTMLCanvasElement} canvas where to show what the model gets, pixel for pixel */
  showSeen(canvas) {
    canvas.hidden = !this.#drawing || this.empty;
    if (canvas.hidden) return;
    if (canvas.width !== SIDE) Object.assign(canvas, { width: SIDE, height: SIDE });
    canvas.getContext('2d')?.drawImage(this.#prepared, 0, 0);
  }

  undo() {
    this.#lines.pop();
    this.#redraw();
    this.onChange();
  }

  clear() {
    this.#lines = [];
    this.#redraw();
    this.onChange();
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.button !== 0) return;
    event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
    this.#line = { width: this.width, points: [this.#at(event)] };
    this.#lines.push(this.#line);
    this.#draw(this.#line, 0);
    this.#changed();
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (!this.#line) return;
    const { points } = this.#line;
    const from = points.length;
    const moves = event.getCoalescedEvents?.() ?? [];
    for (const move of moves.length ? moves : [event]) points.push(this.#at(move));
    this.#draw(this.#line, from - 1);
    this.#changed();
  }

  /** @param {PointerEvent} event */
  #at({ clientX, clientY }) {
    const box = this.canvas.getBoundingClientRect();
    return {
      x: ((clientX - box.left) / box.width) * this.canvas.width,
      y: ((clientY - box.top) / box.height) * this.canvas.height,
    };
  }

  /**
   * @param {Line} line
   * @param {number} from the first point to draw
   */
  #draw({ width, points }, from) {
    const { context } = this;
    Object.assign(context, {
      lineWidth: width,
      lineCap: 'round',
      lineJoin: 'round',
      strokeStyle: this.#drawing ? '#fff' : '#111',
    });
    context.beginPath();
    context.moveTo(points[from].x, points[from].y);
    for (const { x, y } of points.slice(from)) context.lineTo(x, y);
    context.stroke();
  }

  #changed() {
    this.#prepare();
    this.onChange();
  }

  #redraw() {
    this.context.fillStyle = this.#drawing ? '#000' : '#fff';
    this.context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    for (const line of this.#lines) this.#draw(line, 0);
    this.#prepare();
  }

  #prepare() {
    this.#window = null;
    if (!this.#drawing) return;
    const { width, height } = this.canvas;
    const { data } = this.context.getImageData(0, 0, width, height);
    // White on black: one channel tells all.
    const ink = new Uint8Array(width * height);
    for (let at = 0; at < ink.length; at++) ink[at] = data[4 * at];
    const { values, from } = asMnist(ink, width, height);
    this.#window = from;
    Object.assign(this.#prepared, { width: SIDE, height: SIDE });
    const pixels = new ImageData(SIDE, SIDE);
    for (const [at, value] of values.entries()) pixels.data.set([value, value, value, 255], 4 * at);
    this.#prepared.getContext('2d')?.putImageData(pixels, 0, 0);
  }
}
