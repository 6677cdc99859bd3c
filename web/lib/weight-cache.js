// Weight files that were read before, kept by the browser: the next opening asks the network for the small files only.

/** Name of the store; a number that goes up would leave what an older version kept behind. */
const STORE = 'pytrain-weights-1';

/** The exporter names these files by their content, so one that was kept is never out of date. */
const NAMED_BY_CONTENT = /-[0-9a-f]{16}\.bin$/;

/** So many files are kept, the latest ones; a model has two to twenty. */
const MOST_FILES = 100;

/** @param {string} url of a weight file */
export function mayBeKept(url) {
  return NAMED_BY_CONTENT.test(new URL(url).pathname);
}

/**
 * @param {string} url
 * @returns {Promise<ArrayBuffer | undefined>}
 */
export async function readKept(url) {
  return quietly(async (store) => (await store.match(url))?.arrayBuffer());
}

/**
 * @param {string} url
 * @param {ArrayBuffer} bytes
 */
export async function keep(url, bytes) {
  await quietly(async (store) => {
    await store.put(url, new Response(bytes));
    const all = await store.keys();
    await Promise.all(all.slice(0, -MOST_FILES).map((request) => store.delete(request)));
  });
}

/**
 * Forgets what a model's folder held before, or what turned out to be damaged.
 * @param {string} folder
 * @param {string[]} [except] files of the folder that stay
 */
export async function forget(folder, except = []) {
  const staying = new Set(except.map((file) => new URL(file, folder).href));
  await quietly(async (store) => {
    const all = await store.keys();
    const gone = all.filter(({ url }) => url.startsWith(folder) && !staying.has(url));
    await Promise.all(gone.map((request) => store.delete(request)));
  });
}

/**
 * There is no Cache Storage on plain http, nor where a browser forbids it, and it may be full: then nothing is kept.
 * @template T
 * @param {(store: Cache) => Promise<T>} work
 * @returns {Promise<T | undefined>}
 */
async function quietly(work) {
  try {
    return await work(await globalThis.caches.open(STORE));
  } catch {
    return undefined;
  }
}
