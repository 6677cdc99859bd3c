// What the gallery shows: the models of the server and of this browser, and those that cannot be used with the reason.

import { listSavedModels } from '../../lib/studio/saved-models.js';
import { IN_BROWSER } from '../every-model.js';
import { listModels } from '../models.js';
import { offerPhone } from '../phone.js';

/** @typedef {import('../models.js').Listed & {address: string, own?: boolean}} Entry own: kept in this browser alone */

/**
 * What went wrong with one list is no reason to hide the other.
 * @returns {Promise<{models: Entry[], failures: unknown[], api: boolean}>} api: a server answers, not only files
 */
export async function galleryModels() {
  const [served, saved] = await Promise.allSettled([listModels(), listSavedModels()]);
  const listed = served.status === 'fulfilled' ? served.value : null;
  const { models = [], problems = [], api = false } = listed ?? {};
  offerPhone(listed?.share);
  const own = saved.status === 'fulfilled' ? saved.value.map(ofBrowser) : [];
  const beside = (/** @type {import('../models.js').Listed} */ model) => ({ ...model, address: model.name });
  return {
    models: [...models.map(beside), ...own, ...problems.map(beside)],
    failures: [served, saved].flatMap((list) => (list.status === 'rejected' ? [list.reason] : [])),
    api,
  };
}

/**
 * @param {import('../../lib/studio/saved-models.js').SavedModel} model
 * @returns {Entry}
 */
function ofBrowser({ name, labels, bytes, accuracy, thumbnail }) {
  return {
    name,
    address: IN_BROWSER + name,
    labels,
    bytes,
    ...(accuracy !== undefined && { accuracy: { test: accuracy } }),
    thumbnail,
    own: true,
  };
}

/** How people call a model. @param {string} address */
export function nameOf(address) {
  return address.startsWith(IN_BROWSER) ? address.slice(IN_BROWSER.length) : address;
}
