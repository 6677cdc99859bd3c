// The list of models, from the server that also gives the page; and what the address asks for.

import { PytrainError } from '../lib/errors.js';
import { base } from '../lib/version.js';

/**
 * @typedef {object} Listed
 * @property {string} name
 * @property {string[]} [labels]
 * @property {Record<string, number>} [accuracy]
 * @property {number} [bytes]
 * @property {string | null} [report]
 * @property {boolean} [first] a published site starts with it
 * @property {string | Blob | null} [thumbnail] a picture, or its address from the root of the site
 * @property {import('../lib/errors.js').PlainError} [error] why it cannot be used
 */

/**
 * The models of the server, or of the static site.
 * @returns {Promise<{models: Listed[], problems: {name: string, error: import('../lib/errors.js').PlainError}[],
 *   api?: boolean, share?: boolean}>} api: there is a server that answers, not only files; share: it shows /share
 */
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
  const { models = [], problems = [], api = false, share = false } = await response.json();
  return { models, problems, api, share };
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
  if (model.error) return `${model.name}, cannot be used`;
  const right = rightText(model);
  return right ? `${model.name}, ${right}` : model.name;
}

/** How often it is right, in words; '' where nobody tested it. @param {Listed} model */
export function rightText(model) {
  const right = hardestTest(model);
  return right === undefined ? '' : `${(100 * right).toFixed(1)} % right`;
}

/**
 * The model to start with where none is asked for: the one that a published site was made for, or that does best,
 * the first by name among equals.
 * @template {Listed} T
 * @param {T[]} models
 * @returns {T}
 */
export function bestOf(models) {
  return models.find(({ first }) => first) ?? models.reduce((a, b) => (rank(b) > rank(a) ? b : a));
}

/** @param {Listed} model */
function rank(model) {
  return model.error ? -2 : (hardestTest(model) ?? -1);
}

/** @param {Listed} model */
export function hardestTest({ accuracy = {} }) {
  return accuracy.glyphs ?? accuracy.scenes ?? Object.values(accuracy)[0];
}
