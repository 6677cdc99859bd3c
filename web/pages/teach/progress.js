// How far something is: what it does, a bar, and further lines below.

import { make } from '../dom.js';
import { fillBar, makeBar } from '../load-bar.js';

/** What is below so many seconds is not worth telling. */
const SOON = 5;

/** Before so much is done, nobody knows how long the rest takes. */
const TELLING = 0.2;

export class Progress {
  /** @param {HTMLElement} box */
  constructor(box) {
    this.box = box;
    this.title = make('strong', {});
    this.detail = make('span', { class: 'hint' });
    this.bar = makeBar();
  }

  /**
   * Begins anew.
   * @param {string} name what a screen reader calls the bar
   * @param {(HTMLElement | SVGElement)[]} more below the bar
   */
  begin(name, ...more) {
    this.bar.setAttribute('aria-label', name);
    this.box.replaceChildren(
      make('div', { class: 'progress-head' }, this.title, this.detail),
      this.bar,
      ...more,
    );
    this.box.hidden = false;
  }

  /**
   * @param {string} title
   * @param {string} detail
   * @param {number | null} share in 0..1, null where nobody knows
   */
  show(title, detail, share) {
    if (this.title.textContent !== title) this.title.textContent = title;
    this.detail.textContent = detail;
    fillBar(this.bar, share);
  }

  end() {
    this.box.hidden = true;
    this.box.replaceChildren();
  }
}

/** @param {number} seconds */
export function duration(seconds) {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  return `${Math.round(seconds / 60)} min`;
}

/**
 * @param {number | null | undefined} seconds
 * @param {number | null} [share] of what is done; from a little nothing can be told
 */
export function timeLeft(seconds, share) {
  if (seconds === null || seconds === undefined || (share ?? 0) < TELLING) return '';
  return seconds < SOON ? 'nearly done' : `about ${duration(seconds)} left`;
}
