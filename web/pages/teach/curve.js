// The learning curve: how many are right and how wrong it still is, round after round.

const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 200;
const HEIGHT = 80;

/** @typedef {{loss: number, accuracy: number, heldOut?: number}} Round */

/**
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 */
function draw(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}

export class Curve {
  /** @type {Round[]} */
  #rounds = [];

  constructor() {
    this.element = /** @type {SVGSVGElement} */ (
      draw('svg', {
        viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
        preserveAspectRatio: 'none',
        role: 'img',
        'aria-label': 'Learning curve',
        class: 'curve',
      })
    );
    for (const y of [1, HEIGHT / 2, HEIGHT - 1]) {
      this.element.append(draw('line', { x1: 0, x2: WIDTH, y1: y, y2: y, class: 'grid-line' }));
    }
    this.lines = ['loss', 'accuracy', 'held-out'].map((name) => {
      const line = draw('polyline', { class: name, 'vector-effect': 'non-scaling-stroke' });
      this.element.append(line);
      return line;
    });
  }

  /** @param {Round[]} rounds */
  show(rounds) {
    this.#rounds = rounds;
    const last = rounds.at(-1);
    if (!last) return;
    const highest = Math.max(...rounds.map(({ loss }) => loss), 1e-9);
    const [loss, accuracy, heldOut] = this.lines;
    this.#line(loss, (round) => round.loss / highest);
    this.#line(accuracy, (round) => round.accuracy);
    this.#line(heldOut, (round) => round.heldOut ?? round.accuracy);
    heldOut.classList.toggle('none', last.heldOut === undefined);
    const share = (/** @type {number} */ value) => `${Math.round(100 * value)} %`;
    const kept = last.heldOut === undefined ? '' : `, ${share(last.heldOut)} of those kept for checking`;
    this.element.setAttribute(
      'aria-label',
      `Learning curve: ${share(last.accuracy)} of the pictures right${kept}, loss ${last.loss.toFixed(2)}`,
    );
  }

  /**
   * @param {Element} line
   * @param {(round: Round) => number} value in 0..1
   */
  #line(line, value) {
    const step = WIDTH / Math.max(1, this.#rounds.length - 1);
    const points = this.#rounds.map((round, at) => {
      const y = 2 + (HEIGHT - 4) * (1 - Math.min(1, Math.max(0, value(round))));
      return `${(at * step).toFixed(1)},${y.toFixed(1)}`;
    });
    line.setAttribute('points', points.join(' '));
  }
}
