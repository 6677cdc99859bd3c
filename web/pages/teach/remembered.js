// What the page remembers beside the project itself: which one was open, and which models were made of it.

const LAST = 'pytrain.teach.project';
const MODELS = 'pytrain.teach.models';

/** @typedef {{here?: string, python?: string}} ModelNames */

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
 * @returns {ModelNames}
 */
export const modelsOf = (project) => read(MODELS)?.[project] ?? {};

/**
 * @param {string} project
 * @param {ModelNames} names those that are new
 */
export function rememberModels(project, names) {
  const all = read(MODELS) ?? {};
  write(MODELS, { ...all, [project]: { ...all[project], ...names } });
}

/**
 * @param {string} project
 * @param {string | null} renamed null where it is gone
 */
export function moveModels(project, renamed) {
  const { [project]: own, ...others } = read(MODELS) ?? {};
  write(MODELS, renamed === null || !own ? others : { ...others, [renamed]: own });
}
