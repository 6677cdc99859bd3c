// Decodes pictures beside the page, which goes on answering to the person meanwhile.

import { toPlain } from '../../lib/errors.js';
import { readPicture } from './picture-reader.js';

const scope = /** @type {any} */ (self);

scope.onmessage = async (/** @type {MessageEvent<{id: number, file: File}>} */ { data: { id, file } }) => {
  try {
    const { picture, thumbnail } = await readPicture(file);
    scope.postMessage({ id, picture, thumbnail }, [picture]);
  } catch (error) {
    scope.postMessage({ id, error: toPlain(error) });
  }
};
