// Where a model lies, and reading its files over HTTP.

import { FILES } from './contract.js';
import { fromPlain, PytrainError, toPlain } from './errors.js';
import { describe } from './options.js';
import { forget, keep, mayBeKept, readKept } from './weight-cache.js';

/**
 * Where a model lies: a plain name is looked up beside the library, anything else is a URL.
 * @param {string} nameOrUrl
 * @param {string} libraryBase folder of pytrain.js
 * @param {string} documentBase what relative URLs are relative to
 * @param {string} [caller] the function that was asked
 * @returns {{name: string, url: string, format: import('./contract.js').Format | undefined}} format: where the
 *   address ends in graph.json, that is meant; model.json is written for other programs and asks for nothing
 */
export function locate(nameOrUrl, libraryBase, documentBase, caller = 'imageClassifier') {
  if (typeof nameOrUrl !== 'string' || nameOrUrl.trim() === '') {
    throw new PytrainError(
      `${caller} was given ${describe(nameOrUrl)} as its model.`,
      "a name such as 'four-shapes', the URL of a model's folder, or its files as { name, files }",
      `Write for example: await pytrain.${caller}('four-shapes')`,
    );
  }
  const isName = !/[/:\\?#]/.test(nameOrUrl) && !nameOrUrl.endsWith('.json') && !/^\.+$/.test(nameOrUrl);
  const url = isName
    ? new URL(`models/${encodeURIComponent(nameOrUrl)}/`, libraryBase)
    : new URL(nameOrUrl, documentBase);
  const file = url.pathname.slice(url.pathname.lastIndexOf('/') + 1);
  if (file.endsWith('.json') && file !== FILES.graph && file !== FILES.layers) {
    throw new PytrainError(
      `${caller} was given ${url.href} as its model.`,
      `the address of a model's folder, or of its ${FILES.layers} or ${FILES.graph}`,
      'Give the address of the folder.',
    );
  }
  if (file && !file.endsWith('.json')) url.pathname += '/';
  const folder = new URL('.', url).href;
  const name = isName ? nameOrUrl : decodeURIComponent(folder.split('/').at(-2) || folder);
  return { name, url: folder, format: file === FILES.graph ? 'graph' : undefined };
}

/**
 * Reads a bundle over HTTP.
 * @param {{name: string, url: string}} place
 * @returns {import('./contract.js').Reader}
 */
export function httpReader({ name, url: folder }) {
  /**
   * @param {string} file
   * @param {RequestCache} cache
   */
  const get = async (file, cache) => {
    const url = new URL(file, folder).href;
    let response;
    try {
      response = await fetch(url, { cache });
    } catch {
      throw new PytrainError(
        `${name}: ${url} cannot be reached.`,
        null,
        'Check that the server is still running (pytrain serve) and load the page again.',
      );
    }
    if (!response.ok) throw await notThere(name, url, response);
    return response;
  };
  return {
    name,
    // The JSON files keep their names when a model is replaced; the weight files are named by their hash.
    text: async (file) => (await get(file, 'no-cache')).text(),
    bytes: async (file, onBytes) => {
      const url = new URL(file, folder).href;
      const kept = mayBeKept(url) ? await readKept(url) : undefined;
      if (kept) {
        onBytes(kept.byteLength);
        return kept;
      }
      const bytes = await readBytes(await get(file, 'default'), name, onBytes);
      if (mayBeKept(url)) keep(url, bytes);
      return bytes;
    },
    forget: (except) => forget(folder, except),
  };
}

/**
 * @param {string} name
 * @param {string} url
 * @param {Response} response
 */
async function notThere(name, url, response) {
  try {
    const { error } = await response.json();
    if (error?.what) return fromPlain({ expected: null, fix: null, ...error });
  } catch {
    // Not our server's own error body: say what the status says.
  }
  return new PytrainError(
    `There is no model '${name}': ${url} answered ${response.status}.`,
    'metadata.json, model.json or graph.json, and the weight files in one folder',
    'Check the name or the address, or make the model with: pytrain train',
  );
}

/**
 * @param {Response} response
 * @param {string} name
 * @param {(count: number) => void} onBytes
 * @returns {Promise<ArrayBuffer>}
 */
async function readBytes(response, name, onBytes) {
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const chunks = [];
  try {
    const reader = /** @type {ReadableStream<Uint8Array<ArrayBuffer>>} */ (response.body).getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      chunks.push(part.value);
      onBytes(part.value.byteLength);
    }
  } catch (error) {
    throw new PytrainError(
      `${name}: ${response.url} broke off: ${toPlain(error).what}.`,
      null,
      'Check that the server is still running (pytrain serve) and load the page again.',
    );
  }
  return new Blob(chunks).arrayBuffer();
}
