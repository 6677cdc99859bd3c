// The list of models, from the server that also gives the page; and what the address asks for.

import { PytrainError } from '../lib/errors.js';
import { base } from '../lib/version.js';

/**
 * @typedef {object} Listed
 * @property {string} name
 * @property {string[]} [labels]
 * @property {Record<string, number>} [accuracy]
 * @property {string | null} [report]
 */

/** @returns {Promise<{models: Listed[], problems: {name: string, error: import('../lib/errors.js').PlainError}[]}>} */
export async function listModels() {
  const gone = new PytrainError(
    'The server does not answer.',
    null,
    'Check that pytrain serve is still running, then load the page again.',
  );
  let response;
  try {
    response = await fetch(new URL('models.json', base), { cache: 'no-cache' });
  } catch {
    throw gone;
  }
  if (!response.ok) {
    throw new PytrainError(
      `The list of models cannot be read: the server answered ${response.status}.`,
      'models.json beside the start page',
      'Start the page with: pytrain serve',
    );
  }
  const { models = [], problems = [] } = await response.json();
  return { models, problems };
}

/** What the address asks for: ?model=NAME and ?backend=NAME. */
export function asked() {
  const query = new URLSearchParams(location.search);
  return { model: query.get('model'), backend: query.get('backend') ?? undefined };
}

/**
 * Keeps what was chosen in the address, so that it can be sent to somebody.
 * @param {{model?: string, backend?: string}} chosen
 */
export function keepInAddress(chosen) {
  const url = new URL(location.href);
  for (const [name, value] of Object.entries(chosen)) url.searchParams.set(name, value);
  history.replaceState(null, '', url);
}

/**
 * How a model is called in the list.
 * @param {Listed} model
 */
export function optionText(model) {
  const right = hardestTest(model);
  return right === undefined ? model.name : `${model.name}, ${(100 * right).toFixed(1)} % right`;
}

/**
 * The model to start with where none is asked for: the one that does best, the first by name among equals.
 * @param {Listed[]} models
 */
export function bestOf(models) {
  return models.reduce((a, b) => ((hardestTest(b) ?? -1) > (hardestTest(a) ?? -1) ? b : a));
}

/** @param {Listed} model */
function hardestTest({ accuracy = {} }) {
  return accuracy.glyphs ?? accuracy.scenes ?? Object.values(accuracy)[0];
}
