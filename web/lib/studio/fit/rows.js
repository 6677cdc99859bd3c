// The rows that are fitted to, in one order: pictures, their views, pictures of none of the classes, held-out ones.

/** Stands for none of the classes where classes are numbers. */
export const NONE = -1;

/** More pictures than this are not all described by one another; each further one costs the square of it. */
const MOST_PICTURES = 500;
const MOST_NONE = 200;

/**
 * @typedef {object} Shot
 * @property {string} id
 * @property {string | null} recording
 */

/**
 * What is to be learned.
 * @typedef {object} Lesson
 * @property {{name: string, training: Shot[], heldOut: Shot[]}[]} classes
 * @property {{training: Shot[], heldOut: Shot[]}} none pictures of none of the classes
 * @property {{id: string, mirrored: boolean}[]} views of pictures to learn from, one each at most
 * @property {number} outsiders how many generated pictures of none of them there are
 */

/**
 * A part of the rows: from the first to before the last.
 * @typedef {{from: number, to: number}} Span
 */

export class Rows {
  /**
   * @param {Lesson} lesson
   * @param {number} folds
   */
  constructor(lesson, folds) {
    const { classes, none, views } = lesson;
    /** Names of the classes. */
    this.names = classes.map(({ name }) => name);
    const pictures = classes.flatMap(({ training }) => training);
    const place = new Map(pictures.map(({ id }, at) => [id, at]));
    const seen = views.filter(({ id }) => place.has(id));
    const held = classes.flatMap(({ heldOut }) => heldOut);
    let end = 0;
    const span = (/** @type {number} */ count) => {
      end += count;
      return { from: end - count, to: end };
    };
    this.pictures = span(pictures.length);
    this.views = span(seen.length);
    this.none = span(none.training.length);
    this.outsiders = span(lesson.outsiders);
    this.heldOut = span(held.length);
    this.heldOutNone = span(none.heldOut.length);
    this.count = end;
    /** Of pictures and views, which is read; '' for outsiders. @type {string[]} */
    this.ids = [
      ...[...pictures, ...seen, ...none.training].map(({ id }) => id),
      ...Array.from({ length: lesson.outsiders }, () => ''),
      ...[...held, ...none.heldOut].map(({ id }) => id),
    ];
    /** Of each view, the row of its picture. */
    this.pictureOf = seen.map(({ id }) => /** @type {number} */ (place.get(id)));
    /** Of each view, whether it is mirrored. */
    this.mirrored = seen.map(({ mirrored }) => mirrored);
    const numbered = (/** @type {'training' | 'heldOut'} */ part) =>
      classes.flatMap((one, number) => one[part].map(() => number));
    this.truth = Int32Array.from([
      ...numbered('training'),
      ...this.pictureOf.map((row) => numbered('training')[row]),
      ...Array.from({ length: none.training.length + lesson.outsiders }, () => NONE),
      ...numbered('heldOut'),
      ...none.heldOut.map(() => NONE),
    ]);
    /** Of pictures, of views as their pictures, and of pictures of none. */
    this.fold = Int32Array.from([
      ...classes.flatMap(({ training }) => foldsOf(training, folds)),
      ...seen.map(() => 0),
      ...foldsOf(none.training, folds),
    ]);
    for (const [at, row] of this.pictureOf.entries()) this.fold[this.views.from + at] = this.fold[row];
  }

  /** Rows that all others are described by, ascending. */
  basis() {
    const wanted = new Set(this.pictureOf);
    const others = range(this.pictures).filter((row) => !wanted.has(row));
    for (const row of spread(others, MOST_PICTURES - wanted.size)) wanted.add(row);
    return [
      ...[...wanted].sort((a, b) => a - b),
      ...range(this.views),
      ...spread(range(this.none), MOST_NONE),
      ...range(this.outsiders),
    ];
  }
}

/** @param {Span} span */
export function range({ from, to }) {
  return Array.from({ length: to - from }, (_, at) => from + at);
}

/**
 * Deals a class's pictures into folds: each recording in as many pieces, for neighbours in it are nearly the same.
 * @param {Shot[]} shots oldest first
 * @param {number} folds
 */
function foldsOf(shots, folds) {
  /** @type {Map<string | null, number[]>} */
  const recordings = new Map();
  for (const [at, { recording }] of shots.entries()) {
    const found = recordings.get(recording);
    if (found) found.push(at);
    else recordings.set(recording, [at]);
  }
  const dealt = new Array(shots.length).fill(0);
  let next = 0;
  for (const [recording, members] of recordings) {
    const pieces = Math.min(folds, members.length);
    for (const [place, at] of members.entries()) {
      // Pictures that came one by one are no neighbours.
      const piece = recording === null ? place : Math.floor((place * pieces) / members.length);
      dealt[at] = (next + piece) % folds;
    }
    next += recording === null ? members.length : pieces;
  }
  return dealt;
}

/**
 * @template T
 * @param {T[]} items
 * @param {number} most
 * @returns {T[]} so many at most, evenly spread
 */
function spread(items, most) {
  if (items.length <= most) return items;
  if (most <= 0) return [];
  return Array.from({ length: most }, (_, at) => items[Math.floor((at * items.length) / most)]);
}
