// All files of a model, wherever it is: in memory, in the browser's storage, or on the server.

import { PytrainError } from '../../lib/errors.js';

/** @typedef {import('../../lib/studio/saved-models.js').Files} Files */

/** Files that every model may have, beside its weights. */
const KNOWN = ['metadata.json', 'graph.json', 'model.json', 'golden/golden.json'];

/**
 * @param {import('./studio.js').Trained} model
 * @returns {Promise<Files>} by their path in the model's folder
 */
export async function filesOf(model) {
  const found = await model.open();
  return typeof found === 'string' ? fetchFiles(model.name, found) : /** @type {Files} */ (found.files);
}

/**
 * @param {string} name of a model on the server
 * @param {string} folder its address
 * @returns {Promise<Files>}
 */
async function fetchFiles(name, folder) {
  /** @type {Record<string, Blob>} */
  const files = {};
  const add = async (/** @type {string} */ file, needed = true) => {
    const response = await fetch(new URL(file.split('/').map(encodeURIComponent).join('/'), folder)).catch(
      () => null,
    );
    if (response?.ok) files[file] = await response.blob();
    else if (needed) {
      throw new PytrainError(
        `${name}: ${file} cannot be read from the server.`,
        null,
        'Check that pytrain serve is still running, then try again.',
      );
    }
  };
  await Promise.all(KNOWN.map((file) => add(file, file === 'metadata.json')));
  const weights = new Set();
  for (const file of ['graph.json', 'model.json']) {
    if (!files[file]) continue;
    const { weightsManifest } = JSON.parse(await files[file].text());
    for (const { paths } of weightsManifest) for (const path of paths) weights.add(path);
  }
  const golden = files['golden/golden.json']
    ? JSON.parse(await files['golden/golden.json'].text()).frames
    : [];
  await Promise.all([
    ...[...weights].map((path) => add(path)),
    ...golden.map((/** @type {{file: string}} */ { file }) => add(`golden/${file}`, false)),
  ]);
  return files;
}
