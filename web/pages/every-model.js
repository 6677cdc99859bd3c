// Models of both kinds: those that lie beside the page, and those of the browser's own storage, called browser:NAME.

import { listSavedModels, openSavedModel } from '../lib/studio/saved-models.js';
import { make } from './dom.js';
import { bestOf, listModels, optionText } from './models.js';
import { offerPhone } from './phone.js';

export const IN_BROWSER = 'browser:';

/** @typedef {import('./models.js').Listed & {address: string}} Choice address: as ?model= says it */

/**
 * Whichever list cannot be had, the other one counts; only where there is no model at all the reason is told.
 * @returns {Promise<Choice[]>}
 */
export async function everyModel() {
  const [served, saved] = await Promise.allSettled([listModels(), listSavedModels()]);
  /** @type {Choice[]} */
  const choices = [];
  if (served.status === 'fulfilled') {
    offerPhone(served.value.share);
    choices.push(...served.value.models.map((model) => ({ ...model, address: model.name })));
  }
  if (saved.status === 'fulfilled') {
    for (const { name, labels, accuracy } of saved.value) {
      const accuracies = accuracy === undefined ? {} : { accuracy: { test: accuracy } };
      choices.push({ name, labels, ...accuracies, address: IN_BROWSER + name });
    }
  }
  if (choices.length === 0 && served.status === 'rejected') throw served.reason;
  return choices;
}

/**
 * Fills a select with all models and shows the one that is asked for, else the best of them.
 * @param {HTMLSelectElement} select
 * @param {Choice[]} models
 * @param {string | null} wanted
 * @returns {string | undefined} the address of the model that is shown; nothing where there is none
 */
export function fillModels(select, models, wanted) {
  const options = models.map((model) => {
    const where = model.address.startsWith(IN_BROWSER) ? ', in this browser' : '';
    return make('option', { value: model.address }, optionText(model) + where);
  });
  if (wanted && !models.some(({ address }) => address === wanted)) {
    options.push(make('option', { value: wanted }, wanted));
  }
  select.replaceChildren(...options);
  const shown = wanted ?? (models.length ? bestOf(models).address : undefined);
  if (shown) select.value = shown;
  select.disabled = options.length === 0;
  return shown;
}

/**
 * What imageClassifier takes for a model: its name or address, or its files where the browser keeps it.
 * @param {string} address
 */
export function openable(address) {
  return address.startsWith(IN_BROWSER) ? openSavedModel(address.slice(IN_BROWSER.length)) : address;
}
