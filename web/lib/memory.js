// A bundle whose files are in memory: made on this page, read from a zip, or kept in the browser's own storage.

import { PytrainError } from './errors.js';
import { describe } from './options.js';

/**
 * Keys as in a bundle's folder: 'metadata.json', 'graph.json', 'golden/golden.json'.
 * @typedef {Record<string, Blob | Uint8Array<ArrayBuffer> | ArrayBuffer | string>} Files
 * @typedef {{name: string, files: Files}} FilesOfModel
 */

/**
 * @param {unknown} value
 * @returns {value is FilesOfModel}
 */
export function isInMemory(value) {
  const { name, files } = /** @type {any} */ (value ?? {});
  return typeof name === 'string' && typeof files === 'object' && files !== null;
}

/**
 * @param {FilesOfModel} model
 * @returns {import('./contract.js').Reader}
 */
export function memoryReader({ name, files }) {
  /** @param {string} file */
  const get = (file) => {
    const content = Object.hasOwn(files, file) ? files[file] : undefined;
    if (content === undefined) {
      throw new PytrainError(
        `The model '${name}' has no file ${file}.`,
        `all files of a model's folder; there are ${Object.keys(files).join(', ') || 'none'}`,
        'Give all of them, each by its path in the folder.',
      );
    }
    try {
      return new Blob([content]);
    } catch {
      throw new PytrainError(
        `The file ${file} of the model '${name}' is ${describe(content)}.`,
        'a Blob, a Uint8Array, an ArrayBuffer or a string',
      );
    }
  };
  return {
    name,
    text: async (file) => get(file).text(),
    bytes: async (file, onBytes) => {
      const bytes = await get(file).arrayBuffer();
      onBytes(bytes.byteLength);
      return bytes;
    },
  };
}
