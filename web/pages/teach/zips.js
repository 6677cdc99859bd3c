// Zips: a model, the pictures or the whole project to take along, and all that can be opened again.

import { openZip, saveBundle, saveImages, saveProject } from '../../lib/studio/zip.js';
import { byId, make } from '../dom.js';
import { clearMessage, showMessage } from '../message.js';
import { save } from '../save.js';
import { filesOf } from './files-of-model.js';
import { shown } from './preview.js';
import { Progress } from './progress.js';
import { open } from './projects.js';
import { modelsOf, rememberModels } from './remembered.js';
import { say } from './say.js';
import { inFrame, on, plural, project, ready, studio } from './studio.js';

/** Files that are opened, not added to a class. */
export const OPENS = /\.(zip|tm)$/i;

const buttons = {
  model: byId('zip-model', HTMLButtonElement),
  pictures: byId('zip-pictures', HTMLButtonElement),
  project: byId('zip-project', HTMLButtonElement),
};
const saving = new Progress(byId('zip-progress'));
const opening = new Progress(byId('open-progress'));

/** @typedef {{onProgress: (progress: {done: number, total: number}) => void, signal: AbortSignal}} Options */

/** @type {AbortController | null} */
let running = null;

/**
 * Does something long, with a bar and a button that ends it.
 * @param {Progress} progress
 * @param {string} title
 * @param {(options: Options) => Promise<void>} work
 */
async function run(progress, title, work) {
  if (running) return;
  const control = new AbortController();
  running = control;
  const stop = make('button', { type: 'button', class: 'text' }, 'Stop');
  stop.addEventListener('click', () => control.abort());
  progress.begin(title, stop);
  progress.show(title, '', null);
  clearMessage('zip');
  show();
  try {
    await work({
      signal: control.signal,
      onProgress: ({ done, total }) =>
        progress.show(
          title,
          total ? `${done.toLocaleString('en')} of ${plural(total, 'picture')}` : '',
          total ? done / total : null,
        ),
    });
  } catch (error) {
    if (control.signal.aborted) say('Stopped.');
    else showMessage('zip', error);
  } finally {
    running = null;
    progress.end();
    show();
  }
}

/**
 * @param {Blob} blob
 * @param {string} name
 */
function download(blob, name) {
  save(blob, name);
  say(`${name} is saved.`);
}

/** @param {File} file */
export function openFile(file) {
  return run(opening, `Opening ${file.name}`, async (options) => {
    await ready;
    const opened = await openZip(file, options);
    if (opened.kind === 'model') {
      showMessage(
        'opened',
        {
          what: `${opened.name} is kept in this browser.`,
          fix: 'It is a model without pictures: try it on the page Play.',
        },
        { label: 'Play it', run: () => location.assign(playing(opened.name)) },
      );
      return;
    }
    const [model] = opened.models;
    if (model !== undefined) rememberModels(opened.name, { here: model });
    await open(opened.name);
    say(`${opened.name} is open.`);
    if (opened.refused.length) {
      const names = opened.refused.slice(0, 3).map(({ name }) => name);
      const [{ error }] = opened.refused;
      showMessage('zip', {
        what: `${plural(opened.refused.length, 'part')} of ${file.name} could not be opened: ${names.join(', ')}.`,
        fix: /** @type {any} */ (error).what ?? error.message,
      });
    }
  });
}

/** @param {string} name of a model in the browser */
const playing = (name) => `../?model=${encodeURIComponent(`browser:${name}`)}`;

function show() {
  const { project: open } = studio;
  const pictures = open?.counts().total ?? 0;
  buttons.model.disabled = Boolean(running) || !shown();
  buttons.pictures.disabled = buttons.project.disabled = Boolean(running) || pictures === 0;
}

buttons.model.addEventListener('click', () => {
  const model = shown();
  if (!model) return;
  run(saving, 'Packing the model', async () =>
    download(await saveBundle(await filesOf(model)), `${model.name}.zip`),
  );
});
buttons.pictures.addEventListener('click', () => {
  const owner = project();
  run(saving, 'Packing the pictures', async (options) =>
    download(await saveImages(owner, options), `${owner.name} pictures.zip`),
  );
});
buttons.project.addEventListener('click', () => {
  const owner = project();
  const here = studio.trained.here?.address ? modelsOf(owner.name).here : undefined;
  run(saving, 'Packing the project', async (options) =>
    download(
      await saveProject(owner, { ...options, models: here === undefined ? [] : [here] }),
      `${owner.name} project.zip`,
    ),
  );
});
byId('open-file').addEventListener('change', ({ target }) => {
  const input = /** @type {HTMLInputElement} */ (target);
  const [file] = input.files ?? [];
  input.value = '';
  byId('projects-dialog', HTMLDialogElement).close();
  if (file) openFile(file);
});
const later = inFrame(show);
for (const event of /** @type {const} */ (['project', 'classes', 'trained'])) on(event, later);
