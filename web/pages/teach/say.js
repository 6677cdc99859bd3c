// What a screen reader hears of what happened.

import { byId } from '../dom.js';

/** @param {string} sentence */
export function say(sentence) {
  byId('live').textContent = sentence;
}
