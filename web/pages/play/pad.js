// The drawing pad: black lines on white paper, by mouse, pen or finger.

/** @typedef {{width: number, points: {x: number, y: number}[]}} Line */

export class Pad {
  /** @type {Line[]} */
  #lines = [];
  /** @type {Line | null} */
  #line = null;

  /** Width of new lines, in the canvas's own pixels. */
  width = 16;

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
    this.onChange();
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (!this.#line) return;
    const { points } = this.#line;
    const from = points.length;
    const moves = event.getCoalescedEvents?.() ?? [];
    for (const move of moves.length ? moves : [event]) points.push(this.#at(move));
    this.#draw(this.#line, from - 1);
    this.onChange();
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
    Object.assign(context, { lineWidth: width, lineCap: 'round', lineJoin: 'round', strokeStyle: '#111' });
    context.beginPath();
    context.moveTo(points[from].x, points[from].y);
    for (const { x, y } of points.slice(from)) context.lineTo(x, y);
    context.stroke();
  }

  #redraw() {
    this.context.fillStyle = '#fff';
    this.context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    for (const line of this.#lines) this.#draw(line, 0);
  }
}
