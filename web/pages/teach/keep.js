// Keeping a model: under another name in the browser, on the server, as a zip.

import { className } from '../../lib/studio/names.js';
import { listSavedModels, saveModel } from '../../lib/studio/saved-models.js';
import { ServerError, saveToServer } from '../../lib/studio/server.js';
import { byId, make } from '../dom.js';
import { clearMessage, showMessage } from '../message.js';
import { hasServer } from './connection.js';
import { filesOf } from './files-of-model.js';
import { mosaic } from './mosaic.js';
import { shown } from './preview.js';
import { on, project, studio } from './studio.js';

const name = byId('browser-name', HTMLInputElement);
const button = /** @type {HTMLButtonElement} */ (byId('keep-browser').querySelector('button'));
const kept = byId('kept');
const onServer = byId('server-name', HTMLInputElement);
const serverButton = /** @type {HTMLButtonElement} */ (byId('keep-server').querySelector('button'));

/** @param {SubmitEvent} event */
async function keep(event) {
  event.preventDefault();
  const model = shown();
  if (!model) return;
  clearMessage('keep');
  const taken = (await listSavedModels()).map((saved) => saved.name);
  const checked = className(name.value, taken);
  if (checked.name === undefined) {
    const use = { label: `Use ${checked.suggestion}`, run: () => fill(checked.suggestion) };
    showMessage('keep', { what: checked.problem, fix: 'Give it another name.' }, use);
    return;
  }
  try {
    await saveModel(checked.name, await filesOf(model), { thumbnail: await mosaic(project()) });
    tellKept(checked.name);
    name.value = '';
  } catch (error) {
    showMessage('keep', error);
  }
}

/**
 * On the server; another model of that name is replaced only when that is said.
 * @param {boolean} replace
 */
async function keepOnServer(replace = false) {
  const model = shown();
  if (!model) return;
  clearMessage('keep');
  const as = onServer.value.trim() || model.name;
  const checked = className(as);
  if (checked.name === undefined) {
    showMessage('keep', { what: checked.problem, fix: `Call it ${checked.suggestion}.` });
    return;
  }
  serverButton.disabled = true;
  byId('kept-server').textContent = 'Saving …';
  try {
    await saveToServer(checked.name, await filesOf(model), { replace });
    const address = `../?model=${encodeURIComponent(checked.name)}`;
    byId('kept-server').replaceChildren('Saved as ', make('a', { href: address }, checked.name), '.');
    onServer.value = '';
  } catch (error) {
    byId('kept-server').textContent = 'Not saved.';
    const there = error instanceof ServerError && error.status === 409;
    const action = there ? { label: 'Replace it', run: () => keepOnServer(true) } : undefined;
    showMessage('keep', error, action);
  } finally {
    show();
  }
}

/** @param {string} text */
function fill(text) {
  name.value = text;
  name.focus();
}

/** @param {string} as */
function tellKept(as) {
  const address = `../?model=${encodeURIComponent(`browser:${as}`)}`;
  kept.replaceChildren('Kept as ', make('a', { href: address }, as), '.');
}

function show() {
  const model = shown();
  name.disabled = button.disabled = !model;
  onServer.disabled = serverButton.disabled = !model || !hasServer();
  onServer.placeholder = model?.name ?? '';
  const { here } = studio.trained;
  if (here?.address) tellKept(here.name);
  else kept.textContent = 'A model trained here is kept at once.';
}

byId('keep-browser').addEventListener('submit', keep);
byId('keep-server').addEventListener('submit', (event) => {
  event.preventDefault();
  keepOnServer();
});
on('trained', show);
on('server', show);
