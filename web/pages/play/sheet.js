// Many pictures, one after the other: what each is, which cannot be read and why; can be stopped and go on.

import { toPlain } from '../../lib/errors.js';
import { TOP } from './csv.js';

/** Pictures that are decoded while one is classified. */
const AHEAD = 3;

/** So many pictures in a row that the model fails at, and it is not the pictures. */
const FAILURES = 3;

/**
 * @typedef {object} Row
 * @property {File} file
 * @property {string} path
 * @property {{label: string, confidence: number}[]} [guesses] best first
 * @property {string} [answer] a label or 'unknown'
 * @property {string} [thumbnail] its address
 */

/** @typedef {(picture: any) => Promise<import('../../lib/results.js').Results>} Classify */

/** @typedef {{path: string, why: string}} Problem why: a sentence that goes on from the path */

export class Sheet {
  /** Readable so far, or not yet tried. @type {Row[]} */
  rows;
  /** @type {Problem[]} */
  problems = [];
  /** Rows whose turn it is not yet. @type {Row[]} */
  #waiting;
  #total;

  /** @param {{file: File, path: string}[]} found */
  constructor(found) {
    this.rows = [...found].sort((a, b) => byPath(a.path, b.path));
    this.#waiting = [...this.rows];
    this.#total = this.rows.length;
  }

  get total() {
    return this.#total;
  }

  /** How many were looked at or found unreadable. */
  get done() {
    return this.#total - this.#waiting.length;
  }

  /** The rows that have an answer. */
  get answered() {
    return this.rows.filter(({ guesses }) => guesses);
  }

  /** Forgets all answers, as another model has others. */
  again() {
    for (const row of this.rows) {
      delete row.guesses;
      delete row.answer;
    }
    this.#waiting = [...this.rows];
    this.#total = this.rows.length + this.problems.length;
  }

  /**
   * Looks at what is left until all is done or the signal comes.
   * @param {(file: File) => Promise<import('./pictures.js').Read>} read
   * @param {Classify} classify
   * @param {AbortSignal} signal
   * @throws what `classify` throws; the picture is then still waiting
   */
  async run(read, classify, signal) {
    /** @type {{row: Row, reading: Promise<{read?: import('./pictures.js').Read, why?: string}>}[]} */
    const ahead = [];
    let failures = 0;
    try {
      while (!signal.aborted && this.#waiting.length > 0) {
        for (const row of this.#waiting.slice(ahead.length, AHEAD)) {
          ahead.push({ row, reading: read(row.file).then((read) => ({ read }), explained) });
        }
        const { row, reading } = ahead[0];
        const { read: found, why } = await reading;
        if (signal.aborted) return;
        if (found) failures = await this.#ask(row, found, classify, failures, signal);
        else this.#drop(row, String(why));
        ahead.shift();
        if (found) close(found);
        this.#waiting.shift();
      }
    } finally {
      // Those that were decoded ahead, and the one that the model failed at.
      for (const { reading } of ahead) reading.then(({ read: found }) => found && close(found));
    }
  }

  /**
   * @param {Row} row
   * @param {import('./pictures.js').Read} found
   * @param {Classify} classify
   * @param {number} failures how often it failed in a row
   * @param {AbortSignal} signal
   * @returns {Promise<number>} the same, from now on
   */
  async #ask(row, found, classify, failures, signal) {
    try {
      this.#take(row, found, await classify(found.picture));
      return 0;
    } catch (error) {
      // One picture may be at fault; a model that is broken or gone fails at each.
      if (signal.aborted || failures + 1 === FAILURES) throw error;
      this.#drop(row, explained(error).why);
      return failures + 1;
    }
  }

  /**
   * @param {Row} row
   * @param {import('./pictures.js').Read} found
   * @param {import('../../lib/results.js').Results} results
   */
  #take(row, found, results) {
    row.guesses = results.slice(0, TOP).map(({ label, confidence }) => ({ label, confidence }));
    row.answer = results.answer;
    row.thumbnail ??= URL.createObjectURL(found.thumbnail);
  }

  /** @param {Row} row @param {string} why */
  #drop(row, why) {
    // It begins with the file's name, which is told with its folders already.
    const rest = why.startsWith(row.file.name) ? why.slice(row.file.name.length).trim() : why;
    this.problems.push({ path: row.path, why: rest });
    this.rows.splice(this.rows.indexOf(row), 1);
  }

  /** Lets go of the small pictures. */
  dispose() {
    for (const { thumbnail } of this.rows) if (thumbnail) URL.revokeObjectURL(thumbnail);
  }
}

/** @param {import('./pictures.js').Read} read */
function close({ picture }) {
  if ('close' in picture) picture.close();
}

/** @param {unknown} error */
function explained(error) {
  const { what, fix } = toPlain(error);
  return { why: fix ? `${what} ${fix}` : what };
}

/** Numbers in names count as numbers: 2.jpg stands before 10.jpg. */
const { compare: byPath } = new Intl.Collator('en', { numeric: true });

/** @type {Record<string, (a: Row, b: Row) => number>} */
const ORDERS = {
  name: (a, b) => byPath(a.path, b.path),
  answer: (a, b) => byPath(a.answer ?? '', b.answer ?? '') || sureness(b) - sureness(a),
  sure: (a, b) => sureness(b) - sureness(a),
  unsure: (a, b) => sureness(a) - sureness(b),
};

/** @param {Row} row */
function sureness({ guesses }) {
  return guesses?.[0].confidence ?? 0;
}

/**
 * The rows as they are shown.
 * @param {Row[]} rows
 * @param {string} order name, answer, sure or unsure; those without an answer come last
 * @param {string} only an answer, or '' for all
 */
export function arranged(rows, order, only) {
  const kept = only ? rows.filter(({ answer }) => answer === only) : [...rows];
  const answered = (/** @type {Row} */ row) => (row.answer === undefined && order !== 'name' ? 1 : 0);
  return kept.sort((a, b) => answered(a) - answered(b) || ORDERS[order](a, b));
}

/**
 * How many have which answer, the most frequent first.
 * @param {Row[]} rows
 * @returns {[string, number][]}
 */
export function counted(rows) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { answer } of rows) if (answer !== undefined) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  return [...counts].sort(([a, many], [b, more]) => more - many || byPath(a, b));
}
