// The square in a class's colour that records as long as it is held.

import { make } from '../dom.js';
import { paint } from './colours.js';
import { holds } from './hold.js';
import { startRecording, stopRecording } from './recording.js';

/** @typedef {import('../../lib/studio/project.js').Class} Class */

/** Only so many classes have a key. */
export const KEYS = 9;

/**
 * @param {string} classId
 * @param {boolean} [named] shows the class's name instead of what to do
 */
export function holdButton(classId, named = false) {
  const key = make('span', { class: 'key' });
  const word = make('span', { class: 'word' });
  const rest = make('span', { class: 'hidden' });
  const button = make('button', { type: 'button', class: 'hold', 'data-id': classId }, key, word, rest);
  holds(button, () => startRecording(classId), stopRecording);
  return Object.assign(button, {
    /**
     * @param {Class} one
     * @param {number} place
     */
    show(one, place) {
      paint(button, one.colour);
      key.textContent = String(place + 1);
      word.dataset.word = named ? one.name : 'Hold';
      if (!button.hasAttribute('data-recording')) word.textContent = word.dataset.word;
      rest.textContent = named ? ' hold to record' : ` to record ${one.name}`;
      button.dataset.testid = named ? `bar-hold-${place + 1}` : `hold-${place + 1}`;
    },
  });
}
