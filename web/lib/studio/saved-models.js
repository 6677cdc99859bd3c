// Models that are kept in the browser itself: whole bundles, in IndexedDB.

import { readManifest } from '../contract.js';
import { PytrainError } from '../errors.js';
import { memoryReader } from '../memory.js';
import { Database } from './database.js';
import { className } from './names.js';

/** @typedef {import('../memory.js').Files} Files */

/**
 * @typedef {object} SavedModel
 * @property {string} name
 * @property {string[]} labels
 * @property {number} bytes
 * @property {Date} made
 * @property {number} [accuracy] share of right answers, where the bundle says it
 * @property {Blob} [thumbnail]
 */

// Bytes are kept as they are, not as Blobs: some browsers keep no Blobs in private windows.
const database = new Database('pytrain-models', 1, (made) => {
  made.createObjectStore('models', { keyPath: 'name' });
  made.createObjectStore('files');
});

/** Tells the other tabs, and the other parts of this one, that the models have changed. */
const CHANNEL = 'pytrain-saved-models';

/** @returns {Promise<SavedModel[]>} by name */
export async function listSavedModels() {
  const rows = await database.run(['models'], 'readonly', (transaction) => transaction.all('models'));
  return rows.map(({ thumbnail, ...row }) => ({
    ...row,
    ...(thumbnail && { thumbnail: new Blob([thumbnail.bytes], { type: thumbnail.type }) }),
  }));
}

/**
 * @param {string} name
 * @returns {Promise<{name: string, files: Record<string, Blob>}>} as imageClassifier takes it
 */
export async function openSavedModel(name) {
  const files = await database.run(['files'], 'readonly', async (transaction) => {
    const [keys, values] = await Promise.all([
      transaction.keys('files', filesOf(name)),
      transaction.all('files', filesOf(name)),
    ]);
    return keys.map((key, at) => [/** @type {string[]} */ (key)[1], new Blob([values[at]])]);
  });
  if (files.length === 0) throw notThere(name);
  return { name, files: Object.fromEntries(files) };
}

/**
 * Keeps a bundle; one of the same name is replaced, in one step.
 * @param {string} name
 * @param {Files} files
 * @param {{thumbnail?: Blob}} [options]
 * @returns {Promise<SavedModel>}
 */
export async function saveModel(name, files, { thumbnail } = {}) {
  const checked = className(name);
  if (checked.name === undefined) {
    throw new PytrainError(
      `A model cannot be called '${name}'. ${checked.problem}`,
      null,
      `Call it ${checked.suggestion}.`,
    );
  }
  const bytes = await allBytes(files);
  const { metadata } = await readManifest(memoryReader({ name: checked.name, files }));
  const accuracy = accuracyOf(metadata);
  const row = {
    name: checked.name,
    labels: metadata.labels,
    bytes: [...bytes.values()].reduce((sum, { byteLength }) => sum + byteLength, 0),
    made: new Date(),
    ...(accuracy !== undefined && { accuracy }),
  };
  const picture = thumbnail && {
    thumbnail: { type: thumbnail.type, bytes: await thumbnail.arrayBuffer() },
  };
  await database.run(['models', 'files'], 'readwrite', (transaction) => {
    transaction.remove('files', filesOf(row.name));
    for (const [file, content] of bytes) transaction.put('files', content, [row.name, file]);
    transaction.put('models', { ...row, ...picture });
  });
  tell();
  return { ...row, ...(thumbnail && { thumbnail }) };
}

/** @param {string} name */
export async function deleteModel(name) {
  await database.run(['models', 'files'], 'readwrite', (transaction) => {
    transaction.remove('files', filesOf(name));
    transaction.remove('models', name);
  });
  tell();
}

/**
 * Calls the listener whenever a model was saved or deleted, in whichever tab.
 * @param {() => void} listener
 * @returns {() => void} ends it
 */
export function onSavedModels(listener) {
  const channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = () => listener();
  return () => channel.close();
}

/**
 * @param {Files} files
 * @returns {Promise<Map<string, ArrayBuffer>>}
 */
async function allBytes(files) {
  const read = Object.entries(files).map(
    async ([file, content]) =>
      /** @type {[string, ArrayBuffer]} */ ([
        file,
        await new Blob([/** @type {any} */ (content)]).arrayBuffer(),
      ]),
  );
  return new Map(await Promise.all(read));
}

/**
 * The same figure as in the list of the server: of the hardest test there is.
 * @param {import('../contract.js').Metadata} metadata
 * @returns {number | undefined}
 */
function accuracyOf({ pytrain: { metrics = {} } }) {
  return (metrics.glyphs ?? metrics.scenes ?? Object.values(metrics)[0])?.accuracy;
}

/** @param {string} name */
function filesOf(name) {
  return IDBKeyRange.bound([name], [name, []]);
}

/** @param {string} name */
function notThere(name) {
  return new PytrainError(
    `There is no model '${name}' in this browser.`,
    'one that was trained or opened here',
    'Choose another one, or open the file that it was saved in.',
  );
}

function tell() {
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage(null);
  channel.close();
}
