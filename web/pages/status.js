// What happened and has already been put right: said calmly, then gone.

import { byId } from './dom.js';

/** Long enough to be read twice, in milliseconds. */
const STANDS = 9000;

/** @type {ReturnType<typeof setTimeout> | undefined} */
let clearing;

/** @param {string} text */
export function showStatus(text) {
  byId('status').textContent = text;
  clearTimeout(clearing);
  clearing = setTimeout(() => {
    byId('status').textContent = '';
  }, STANDS);
}
