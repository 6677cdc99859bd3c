// What a model answered in the last seconds: kept in a ring, so that an hour of answers takes no more memory.

/** Answers further apart than this are not joined: nothing is known of the time between. */
const LONGEST = 1500;

/** Answers that are kept, whatever the time: 20 seconds of 60 a second. */
const MOST = 1200;

/** @typedef {{time: number, confidence: Map<string, number>, answer: string, joined: boolean}} Moment */

/** Of a model with many classes only these are kept. */
const KEPT = 10;

export class Past {
  /** @type {Moment[]} */
  #moments = [];
  #first = 0;
  #broken = true;

  /** @param {number} span how far back it goes, in milliseconds */
  constructor(span) {
    this.span = span;
  }

  clear() {
    this.#moments = [];
    this.#first = 0;
    this.#broken = true;
  }

  /** The next answer does not go on from the last. */
  breakOff() {
    this.#broken = true;
  }

  get length() {
    return this.#moments.length - this.#first;
  }

  /**
   * @param {number} time in milliseconds
   * @param {readonly {label: string, confidence: number}[]} results best first
   * @param {string} answer the label that was the answer, '' where none was
   */
  add(time, results, answer) {
    const confidence = new Map(results.slice(0, KEPT).map((result) => [result.label, result.confidence]));
    const last = this.#moments.at(-1);
    const joined = !this.#broken && last !== undefined && time - last.time < LONGEST;
    this.#broken = false;
    this.#moments.push({ time, confidence, answer, joined });
    while (this.length > MOST || this.#moments[this.#first].time < time - this.span) this.#first++;
    if (this.#first > MOST) {
      this.#moments.splice(0, this.#first);
      this.#first = 0;
    }
  }

  /**
   * The stretches of time in which a class was this probable, oldest first.
   * @param {string} label
   * @param {number} now
   * @returns {{from: number, to: number, confidence: number, answer: boolean}[]}
   */
  spans(label, now) {
    const spans = [];
    for (let at = this.#first + 1; at < this.#moments.length; at++) {
      const { time, confidence, answer, joined } = this.#moments[at];
      if (!joined || time < now - this.span) continue;
      const from = this.#moments[at - 1].time;
      spans.push({ from, to: time, confidence: confidence.get(label) ?? 0, answer: answer === label });
    }
    return spans;
  }

  /**
   * The classes that were most probable at any time, in the order of their names.
   * @param {number} count
   */
  most(count) {
    /** @type {Map<string, number>} */
    const greatest = new Map();
    for (const { confidence } of this.#moments.slice(this.#first)) {
      for (const [label, value] of confidence) greatest.set(label, Math.max(value, greatest.get(label) ?? 0));
    }
    return [...greatest]
      .sort(([, a], [, b]) => b - a)
      .slice(0, count)
      .map(([label]) => label)
      .sort();
  }
}
