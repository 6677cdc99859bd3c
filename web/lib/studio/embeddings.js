// What the network made of a project's pictures, kept beside them: each is worked out once.

import { toFloat16 } from './float16.js';
import { projects } from './project-database.js';

/**
 * @param {readonly string[]} ids
 * @param {string} key what embedded them, and which view of them
 * @returns {Promise<(Uint16Array | undefined)[]>} float16, one for each id
 */
export function readEmbeddings(ids, key) {
  return projects.run(['embeddings'], 'readonly', async (transaction) => {
    const found = await Promise.all(ids.map((id) => transaction.get('embeddings', [id, key])));
    return found.map((bytes) => bytes && new Uint16Array(bytes));
  });
}

/**
 * Keeps an embedding of a picture, if the picture is still there.
 * @param {string} id
 * @param {string} key
 * @param {Float32Array} values
 */
export async function keepEmbedding(id, key, values) {
  const { buffer } = toFloat16(values);
  await projects.run(['images', 'embeddings'], 'readwrite', async (transaction) => {
    if (await transaction.get('images', id)) transaction.put('embeddings', buffer, [id, key]);
  });
}

/**
 * Which embeddings there are, of all pictures.
 * @param {string} key
 * @returns {Promise<Set<string>>} ids
 */
export async function embedded(key) {
  const keys = await projects.run(['embeddings'], 'readonly', (transaction) =>
    transaction.keys('embeddings'),
  );
  return new Set(/** @type {[string, string][]} */ (keys).filter(([, of]) => of === key).map(([id]) => id));
}
