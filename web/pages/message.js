// The one place where the page says that something is wrong, in plain words, with what to do.

import { byId, make } from './dom.js';

/** What the message is about, so that solving that takes just this message away. @type {string | null} */
let topic = null;

/**
 * @param {string} about for example 'camera'
 * @param {unknown} error
 * @param {{label: string, run: () => void}} [action]
 */
export function showMessage(about, error, action) {
  topic = about;
  const { what, expected, fix } = /** @type {any} */ (error);
  const box = byId('message');
  const text = make(
    'div',
    {},
    make('strong', {}, what ?? /** @type {Error} */ (error).message ?? String(error)),
  );
  if (expected) text.append(make('p', {}, `Expected: ${expected}`));
  if (fix) text.append(make('p', {}, fix));
  const buttons = make('div', { class: 'message-buttons' });
  if (action) {
    const button = make('button', { type: 'button' }, action.label);
    button.addEventListener('click', () => {
      clearMessage(about);
      action.run();
    });
    buttons.append(button);
  }
  const close = make('button', { type: 'button', class: 'quiet', 'aria-label': 'Close this message' }, '×');
  close.addEventListener('click', () => clearMessage(about));
  buttons.append(close);
  box.replaceChildren(text, buttons);
  box.dataset.about = about;
  box.hidden = false;
}

/** @param {string} about */
export function clearMessage(about) {
  if (topic !== about) return;
  topic = null;
  byId('message').hidden = true;
  byId('message').replaceChildren();
}
