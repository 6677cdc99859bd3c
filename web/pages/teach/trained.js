// The models that were made of the open project: found again after a reload, kept, taken up when they change.

import { freeName } from '../../lib/studio/names.js';
import { listSavedModels, onSavedModels, openSavedModel, saveModel } from '../../lib/studio/saved-models.js';
import { byId } from '../dom.js';
import { showMessage } from '../message.js';
import { mosaic } from './mosaic.js';
import { modelsOf, rememberModels } from './remembered.js';
import { on, project, studio, tell } from './studio.js';

/** @typedef {import('./studio.js').Trained} Trained */

/** @typedef {import('../../lib/studio/saved-models.js').SavedModel} SavedModel */

/**
 * @param {SavedModel} saved
 * @returns {Trained}
 */
function inBrowser({ name, labels, accuracy, made }) {
  return { name, address: `browser:${name}`, open: () => openSavedModel(name), labels, accuracy, made };
}

/** Finds the model that was trained here of this project, if it is still kept. */
async function findHere() {
  const { project: open } = studio;
  if (!open) return;
  const wanted = modelsOf(open.name).here;
  /** @type {SavedModel[]} */
  const saved = wanted === undefined ? [] : await listSavedModels();
  if (open !== studio.project) return;
  const found = saved.find(({ name }) => name === wanted);
  const { here } = studio.trained;
  if (!found && !here) return;
  if (found && here && found.made.getTime() === here.made?.getTime()) return;
  studio.trained.here = found ? inBrowser(found) : null;
  tell('trained');
}

/**
 * Keeps a model that was just trained here. Where the storage refuses, it lasts as long as the page.
 * @param {import('../../lib/studio/saved-models.js').Files} files
 * @param {string} name
 * @param {Pick<Trained, 'labels' | 'accuracy'>} facts
 */
export async function keepHere(files, name, { labels, accuracy }) {
  const owner = project();
  try {
    const saved = await saveModel(name, files, { thumbnail: await mosaic(owner) });
    rememberModels(owner.name, { here: saved.name });
    sayHowLong(await owner.persist());
    studio.trained.here = { ...inBrowser(saved), accuracy: accuracy ?? saved.accuracy };
  } catch (error) {
    studio.trained.here = {
      name,
      address: '',
      open: async () => ({ name, files: /** @type {any} */ (files) }),
      labels,
      accuracy,
      made: new Date(),
    };
    const { what, expected, fix } = /** @type {any} */ (error);
    const told = { what: `The model is trained, but not kept: ${what ?? error}`, expected, fix };
    showMessage('keep', {
      ...told,
      fix: `Download it as a zip before you leave the page. ${fix ?? ''}`.trim(),
    });
  }
  studio.shown = 'here';
  tell('trained');
}

/** @param {boolean} lasting the browser promised not to make room by deleting it */
function sayHowLong(lasting) {
  byId('keep-hint').textContent = lasting
    ? 'Everything stays in this browser until you delete it.'
    : 'Everything stays in this browser, unless the disk gets full and it makes room. A zip is safe.';
}

/** What a model of this project is called in the browser: its own name again, or one that no other model has. */
export async function nameHere() {
  const { name } = project();
  const own = modelsOf(name).here;
  const taken = (await listSavedModels()).map((saved) => saved.name);
  return own !== undefined && taken.includes(own) ? own : freeName(name, taken);
}

on('project', () => {
  studio.trained = { here: null, python: null };
  studio.shown = 'here';
  tell('trained');
  findHere();
});
onSavedModels(findHere);
