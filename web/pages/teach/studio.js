// What the page knows: the project that is open, and the models that were made of it.

/** @typedef {import('../../lib/studio/project.js').Project} Project */
/** @typedef {'here' | 'python'} Way */

/**
 * A model of this project, in this browser or on the server.
 * @typedef {object} Trained
 * @property {string} name
 * @property {string} address what Play and Take away call it: 'browser:NAME' or NAME
 * @property {() => Promise<import('../../lib/load.js').Model>} open
 * @property {readonly string[]} labels
 * @property {number} [accuracy] share of the held-out pictures that it told right
 * @property {Date} [made]
 */

/** Places of the page that want to know. @type {Map<string, Set<() => void>>} */
const listeners = new Map();

export const studio = {
  /** @type {Project | null} */
  project: null,
  /** @type {Record<Way, Trained | null>} */
  trained: { here: null, python: null },
  /** Which of them answers. @type {Way} */
  shown: 'here',
  /** Something is being recorded, or learned: what else costs time waits. */
  recording: false,
  learning: false,
  /** Python is training on the very computer that shows the page. */
  pythonLearns: false,
};

/**
 * @param {'project' | 'classes' | 'trained' | 'busy' | 'server'} event project: another one is open; classes: something in it
 *   changed; trained: a model came or went; busy: recording or learning, here or in Python, began or ended; server: it
 *   came or went
 * @param {() => void} listener
 */
export function on(event, listener) {
  listeners.set(event, (listeners.get(event) ?? new Set()).add(listener));
}

/** @param {'project' | 'classes' | 'trained' | 'busy' | 'server'} event */
export function tell(event) {
  for (const listener of listeners.get(event) ?? []) listener();
}

/** A project is open: what is dropped or chosen while the page still starts waits for it. @type {Promise<void>} */
export const ready = new Promise((resolve) => on('project', resolve));

/**
 * Draws at the next frame, once for all that asks until then.
 * @param {() => void} draw
 * @returns {() => void}
 */
export function inFrame(draw) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      draw();
    });
  };
}

/** The project, where there must be one. @returns {Project} */
export function project() {
  if (!studio.project) throw new Error('No project is open.');
  return studio.project;
}

/**
 * @param {number} count
 * @param {string} one
 * @param {string} [many]
 */
export function plural(count, one, many = `${one}s`) {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}
