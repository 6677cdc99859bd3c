// A grid of pictures, of which only those in view are on the page: 5,000 are as light as 50.

import { UNKNOWN } from '../../lib/results.js';
import { make } from '../dom.js';
import { percent, words } from './answer.js';

/** In CSS pixels, as in sheet.css: the least width of a tile, the gap, and the height of what stands below a picture. */
const NARROWEST = 132;
const GAP = 12;
const CAPTION = 58;

/** Rows above and below the view that are there already. */
const SPARE = 2;

/** @typedef {import('./sheet.js').Row} Row */

export class Tiles {
  /** @type {Row[]} */
  #rows = [];
  /** The tiles on the page. @type {Map<Row, {item: HTMLElement, shown: string}>} */
  #tiles = new Map();
  /** The one that the Tab key reaches. */
  #active = 0;
  #columns = 1;
  #width = 0;
  #asked = false;

  /**
   * @param {HTMLElement} view scrolls
   * @param {HTMLElement} list within it
   * @param {(row: Row) => void} choose
   */
  constructor(view, list, choose) {
    this.view = view;
    this.list = list;
    this.choose = choose;
    view.addEventListener('scroll', () => this.#soon(), { passive: true });
    list.addEventListener('keydown', (event) => this.#key(event));
    new ResizeObserver(() => this.#measure()).observe(list);
  }

  /** @param {Row[]} rows in the order that they are to stand in */
  show(rows) {
    this.#rows = rows;
    this.#active = Math.min(this.#active, Math.max(0, rows.length - 1));
    this.#draw();
  }

  #soon() {
    if (this.#asked) return;
    this.#asked = true;
    requestAnimationFrame(() => {
      this.#asked = false;
      this.#draw();
    });
  }

  #measure() {
    const { clientWidth } = this.list;
    if (!clientWidth) return;
    this.#columns = Math.max(2, Math.floor((clientWidth + GAP) / (NARROWEST + GAP)));
    this.#width = (clientWidth - GAP * (this.#columns - 1)) / this.#columns;
    this.#draw();
  }

  get #height() {
    return this.#width + CAPTION + GAP;
  }

  #draw() {
    if (!this.#width) return;
    const lines = Math.ceil(this.#rows.length / this.#columns);
    this.list.style.height = `${lines * this.#height}px`;
    const { scrollTop, clientHeight } = this.view;
    const first = Math.max(0, Math.floor(scrollTop / this.#height) - SPARE) * this.#columns;
    const last = (Math.ceil((scrollTop + clientHeight) / this.#height) + SPARE) * this.#columns;
    const wanted = new Map(this.#rows.slice(first, last).map((row, at) => [row, first + at]));
    const active = this.#rows[this.#active];
    // The Tab key, and whoever stands on it, must find it there, in view or not.
    if (active) wanted.set(active, this.#active);
    for (const [row, { item }] of this.#tiles) {
      if (wanted.has(row)) continue;
      item.remove();
      this.#tiles.delete(row);
    }
    for (const [row, place] of wanted) this.#place(row, place);
    this.#order(wanted);
  }

  /** On the page in the order that is seen, for those who have it read to them. @param {Map<Row, number>} wanted */
  #order(wanted) {
    const focused = document.activeElement;
    const rows = [...wanted].sort(([, a], [, b]) => a - b);
    let next = this.list.firstElementChild;
    for (const [row] of rows) {
      const { item } = /** @type {{item: HTMLElement}} */ (this.#tiles.get(row));
      if (item === next) next = next.nextElementSibling;
      else this.list.insertBefore(item, next);
    }
    // What is moved loses the focus.
    if (focused !== document.activeElement && this.list.contains(focused)) {
      /** @type {HTMLElement} */ (focused).focus({ preventScroll: true });
    }
  }

  /**
   * @param {Row} row
   * @param {number} place
   */
  #place(row, place) {
    let tile = this.#tiles.get(row);
    if (!tile) {
      tile = { item: this.#make(row), shown: '' };
      this.#tiles.set(row, tile);
    }
    const { item } = tile;
    const x = (place % this.#columns) * (this.#width + GAP);
    const y = Math.floor(place / this.#columns) * this.#height;
    const shown = [x, y, this.#width, place, this.#rows.length, place === this.#active, row.answer].join();
    if (tile.shown === shown) return;
    tile.shown = shown;
    Object.assign(item.style, { transform: `translate(${x}px, ${y}px)`, width: `${this.#width}px` });
    item.setAttribute('aria-posinset', String(place + 1));
    item.setAttribute('aria-setsize', String(this.#rows.length));
    const button = /** @type {HTMLButtonElement} */ (item.firstElementChild);
    button.tabIndex = place === this.#active ? 0 : -1;
    fill(button, row);
  }

  /** @param {Row} row */
  #make(row) {
    const button = make('button', { type: 'button', class: 'tile' });
    button.addEventListener('click', () => {
      this.#reach(this.#rows.indexOf(row));
      this.choose(row);
    });
    return make('li', { class: 'tile-place' }, button);
  }

  /** @param {number} place */
  #reach(place) {
    this.#active = Math.min(Math.max(place, 0), this.#rows.length - 1);
    this.#draw();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor(this.view.clientHeight / this.#height)) * this.#columns;
    const step = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: this.#columns,
      ArrowUp: -this.#columns,
      PageDown: page,
      PageUp: -page,
      Home: -this.#rows.length,
      End: this.#rows.length,
    }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    this.#reach(this.#active + step);
    const top = Math.floor(this.#active / this.#columns) * this.#height;
    const { scrollTop, clientHeight } = this.view;
    if (top < scrollTop) this.view.scrollTop = top;
    else if (top + this.#height > scrollTop + clientHeight)
      this.view.scrollTop = top + this.#height - clientHeight;
    this.#draw();
    const item = this.#tiles.get(this.#rows[this.#active])?.item;
    /** @type {HTMLElement | undefined} */ (item?.firstElementChild)?.focus({ preventScroll: true });
  }
}

/**
 * @param {HTMLButtonElement} button
 * @param {Row} row
 */
function fill(button, { path, answer, guesses, thumbnail }) {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const sure = guesses ? percent(guesses[0].confidence) : '';
  const unknown = answer === UNKNOWN;
  const said = answer === undefined ? '' : unknown ? 'Not sure' : words(answer);
  const picture = thumbnail
    ? make('img', { src: thumbnail, alt: '', decoding: 'async', draggable: 'false' })
    : make('span', { class: 'blank' });
  button.className = unknown || !said ? 'tile unsure' : 'tile';
  button.title = path;
  button.replaceChildren(
    picture,
    make(
      'span',
      { class: 'tile-answer' },
      make('strong', {}, said || 'Waiting'),
      unknown ? '' : make('span', {}, sure),
    ),
    make('span', { class: 'tile-name' }, name),
  );
}
