// What the page remembers beside the project itself: which one was open, and which models were made of it.

const LAST = 'pytrain.teach.project';
const MODELS = 'pytrain.teach.models';

/**
 * How a model learned here, in numbers.
 * @typedef {{seconds: number, n: number, accuracy: number | null,
 *   curves: {loss: number[], accuracy: number[], heldOut: number[]}}} Learned n: pictures that it was checked on; 0 where
 *   none were kept, and it was checked on pictures left out in turn
 */

/**
 * The names of a project's models, and what is to be told of them.
 * @typedef {{here?: string, learned?: Learned, python?: string, sent?: boolean}} Models
 *   sent: its pictures go to the server as they come
 */

/**
 * @param {string} key
 * @returns {any}
 */
function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key) ?? 'null');
  } catch {
    return null; // forbidden, or somebody else's
  }
}

/**
 * @param {string} key
 * @param {unknown} value
 */
function write(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Where storage is forbidden or full it lasts until the page is left.
  }
}

/** @returns {string | null} */
export const lastProject = () => read(LAST);

/** @param {string} name */
export const rememberProject = (name) => write(LAST, name);

/**
 * @param {string} project
 * @returns {Models}
 */
export const modelsOf = (project) => read(MODELS)?.[project] ?? {};

/**
 * @param {string} project
 * @param {Models} models what is new
 */
export function rememberModels(project, models) {
  const all = read(MODELS) ?? {};
  write(MODELS, { ...all, [project]: { ...all[project], ...models } });
}

/**
 * @param {string} project
 * @param {string | null} renamed null where it is gone
 */
export function moveModels(project, renamed) {
  const { [project]: own, ...others } = read(MODELS) ?? {};
  write(MODELS, renamed === null || !own ? others : { ...others, [renamed]: own });
}
