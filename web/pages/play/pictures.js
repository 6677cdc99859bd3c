// Reads pictures' files in a worker; what a worker cannot read, and where there is none, in the page itself.

import { fromPlain, PytrainError } from '../../lib/errors.js';
import { base } from '../../lib/version.js';
import { readPicture } from './picture-reader.js';

/** @typedef {import('./picture-reader.js').Read} Read */

/** @type {Map<number, {file: File, resolve: (read: Read) => void, reject: (error: unknown) => void}>} */
const asked = new Map();
let latest = 0;

/** @type {Worker | null | undefined} undefined: not yet needed; null: there is none */
let worker;

/**
 * @param {File} file
 * @returns {Promise<Read>}
 */
export function read(file) {
  worker ??= start();
  const drawing = file.type === 'image/svg+xml' || file.name.endsWith('.svg');
  if (!worker || drawing) return readPicture(file);
  const id = ++latest;
  return new Promise((resolve, reject) => {
    asked.set(id, { file, resolve, reject });
    worker?.postMessage({ id, file });
  });
}

/** @returns {Worker | null} */
function start() {
  // Safari before 16.4 has no 2D canvas in workers.
  if (typeof OffscreenCanvas === 'undefined' || !new OffscreenCanvas(1, 1).getContext('2d')) return null;
  const made = new Worker(new URL('pictures-worker.js', base));
  made.onmessage = ({ data: { id, error, ...picture } }) => {
    const waiting = asked.get(id);
    asked.delete(id);
    if (error) waiting?.reject(fromPlain(error));
    else waiting?.resolve(picture);
  };
  made.onerror = () => {
    // It was killed, most likely for memory: what it had is not read, the next gets a new one.
    worker = undefined;
    made.terminate();
    for (const { file, reject } of asked.values()) {
      reject(
        new PytrainError(
          `${file.name} could not be decoded here.`,
          null,
          'Make it smaller, then drop it again.',
        ),
      );
    }
    asked.clear();
  };
  return made;
}
