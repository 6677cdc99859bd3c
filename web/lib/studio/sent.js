// What was sent to the server, so that only that is ever moved or removed there: by data set and picture.

import { Database } from './database.js';

/** Where a picture is on the server. @typedef {{label: string, heldOut: boolean}} Place */

const sent = new Database('pytrain-uploads', 1, (made) => {
  made.createObjectStore('sent'); // by [data set, id]
});

/**
 * @param {string} dataset
 * @returns {Promise<Map<string, Place>>} by the pictures' ids
 */
export async function sentOf(dataset) {
  const [keys, places] = await sent.run(['sent'], 'readonly', (transaction) =>
    Promise.all([transaction.keys('sent', all(dataset)), transaction.all('sent', all(dataset))]),
  );
  return new Map(keys.map((key, at) => [/** @type {string[]} */ (key)[1], places[at]]));
}

/**
 * @param {string} dataset
 * @param {string} id
 * @param {Place | null} place null forgets
 */
export function rememberSent(dataset, id, place) {
  return sent.run(['sent'], 'readwrite', (transaction) => {
    if (place) transaction.put('sent', place, [dataset, id]);
    else transaction.remove('sent', [dataset, id]);
  });
}

/**
 * What a project has sent stays on the server when the project is deleted here.
 * @param {string} dataset
 */
export function forgetSent(dataset) {
  return sent.run(['sent'], 'readwrite', (transaction) => transaction.remove('sent', all(dataset)));
}

/** @param {string} dataset */
function all(dataset) {
  return IDBKeyRange.bound([dataset], [dataset, []]);
}
