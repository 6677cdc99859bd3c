// How much of what is loading has come: a bar that screen readers know, and the same in words.

import { make } from './dom.js';

/** Bytes that have come, of how many. @typedef {{loaded: number, total: number}} Loaded */

/** From so many bytes on they are told in megabytes. */
const MANY = 1e6;

/** A bar that knows nothing yet. */
export function makeBar() {
  return make('progress', { class: 'bar', max: '1' });
}

/**
 * @param {HTMLProgressElement} bar
 * @param {number | null} share in 0..1, null where nobody knows
 */
export function fillBar(bar, share) {
  if (share === null) bar.removeAttribute('value');
  else bar.value = share;
}

/** @param {Loaded} come @returns {number | null} in 0..1, null where nobody knows */
export function shareOf({ loaded, total }) {
  return total ? loaded / total : null;
}

/** @param {Loaded} come */
export function bytesOf({ loaded, total }) {
  const of = (/** @type {(bytes: number) => string} */ written) => `${written(loaded)} of ${written(total)}`;
  if (total >= MANY) return `${of((bytes) => (bytes / 1e6).toFixed(1))} MB`;
  return `${of((bytes) => Math.ceil(bytes / 1000).toLocaleString('en'))} KB`;
}

export class LoadBar {
  #bar = makeBar();
  #said = make('p', { class: 'hint' });
  #what = '';

  /** @param {HTMLElement} place is shown while something loads */
  constructor(place) {
    this.place = place;
    place.replaceChildren(this.#bar, this.#said);
  }

  /** @param {string} what is done, as in 'Loading the model' */
  begin(what) {
    this.#what = what;
    this.#bar.setAttribute('aria-label', what);
    this.#said.textContent = what;
    fillBar(this.#bar, null);
    this.place.hidden = false;
  }

  /** @param {Loaded} come */
  show(come) {
    this.#said.textContent = `${this.#what}: ${bytesOf(come)}`;
    fillBar(this.#bar, shareOf(come));
  }

  end() {
    this.place.hidden = true;
  }
}
