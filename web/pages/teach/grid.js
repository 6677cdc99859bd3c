// Thumbnails of any number of pictures: only those on the screen exist; chosen by mouse, finger or keyboard.

import { make } from '../dom.js';

/** A thumbnail is about this wide, in CSS pixels. */
const TARGET = 58;
const GAP = 4;

/** Rows above and below the visible ones that are there already when somebody scrolls. */
const AHEAD = 2;

/** So many pictures are read from the storage at a time. */
const READS = 6;

/** @typedef {{id: string, heldOut: boolean}} Item */

let count = 0;

export class Grid {
  /** @type {Item[]} */
  #items = [];
  /** @type {Map<string, number>} */
  #places = new Map();
  /** @type {Map<string, HTMLElement>} */
  #cells = new Map();
  /** @type {Set<string>} */
  #chosen = new Set();
  /** Where a range begins, and where the keyboard is. @type {string | null} */
  #anchor = null;
  /** @type {string | null} */
  #active = null;
  #columns = 1;
  #size = TARGET;
  #drawing = 0;
  /** Cells whose picture is not read yet, the newest last: it is wanted first. @type {HTMLElement[]} */
  #waiting = [];
  #reading = 0;
  #prefix = `grid-${count++}`;

  /**
   * @param {HTMLElement} box scrolls
   * @param {object} owner
   * @param {(id: string) => Promise<Blob>} owner.load
   * @param {(chosen: string[]) => void} owner.onChoose
   * @param {(chosen: string[]) => void} owner.onRemove Delete was pressed
   */
  constructor(box, owner) {
    this.box = box;
    this.owner = owner;
    this.spacer = make('div', { role: 'presentation', class: 'spacer' });
    box.append(this.spacer);
    box.setAttribute('role', 'listbox');
    box.setAttribute('aria-multiselectable', 'true');
    box.tabIndex = 0;
    box.addEventListener('scroll', () => this.#later(), { passive: true });
    box.addEventListener('click', (event) => this.#click(event));
    box.addEventListener('keydown', (event) => this.#key(event));
    box.addEventListener('focus', () => this.#activate(this.#active ?? this.#items[0]?.id ?? null));
    this.resize = new ResizeObserver(() => this.#measure());
    this.resize.observe(box);
  }

  /** @param {Item[]} items in the order in which they are shown */
  set(items) {
    this.#items = items;
    this.#places = new Map(items.map(({ id }, place) => [id, place]));
    const before = this.#chosen.size;
    for (const id of this.#chosen) if (!this.#places.has(id)) this.#chosen.delete(id);
    if (this.#active !== null && !this.#places.has(this.#active)) this.#active = null;
    if (this.#anchor !== null && !this.#places.has(this.#anchor)) this.#anchor = null;
    if (this.#chosen.size !== before) this.#tell();
    this.#later();
  }

  get chosen() {
    return this.#items.filter(({ id }) => this.#chosen.has(id)).map(({ id }) => id);
  }

  clear() {
    if (this.#chosen.size === 0) return;
    this.#chosen.clear();
    this.#tell();
  }

  chooseAll() {
    for (const { id } of this.#items) this.#chosen.add(id);
    this.#tell();
  }

  /** Ends it; nothing is held any more. */
  dispose() {
    this.resize.disconnect();
    cancelAnimationFrame(this.#drawing);
    this.#items = [];
    this.#waiting = [];
    for (const id of [...this.#cells.keys()]) this.#drop(id);
  }

  #tell() {
    this.#later();
    this.owner.onChoose(this.chosen);
  }

  #later() {
    if (this.#drawing === 0) this.#drawing = requestAnimationFrame(() => this.#draw());
  }

  #measure() {
    const width = this.spacer.clientWidth;
    if (width === 0) return;
    this.#columns = Math.max(1, Math.round((width + GAP) / (TARGET + GAP)));
    this.#size = (width - GAP * (this.#columns - 1)) / this.#columns;
    this.box.style.setProperty('--thumbnail', `${this.#size}px`);
    this.#later();
  }

  #draw() {
    this.#drawing = 0;
    const step = this.#size + GAP;
    const rows = Math.ceil(this.#items.length / this.#columns);
    this.spacer.style.height = `${Math.max(0, rows * step - GAP)}px`;
    const first = Math.max(0, Math.floor(this.box.scrollTop / step) - AHEAD) * this.#columns;
    const seen = Math.ceil(this.box.clientHeight / step) + 1 + 2 * AHEAD;
    const shown = new Set(this.#items.slice(first, first + seen * this.#columns).map(({ id }) => id));
    if (this.#active !== null) shown.add(this.#active); // what has the keyboard must be there
    for (const id of [...this.#cells.keys()]) if (!shown.has(id)) this.#drop(id);
    for (const id of shown) this.#place(id, step);
  }

  /**
   * @param {string} id
   * @param {number} step
   */
  #place(id, step) {
    const place = Number(this.#places.get(id));
    const { heldOut } = this.#items[place];
    const cell = this.#cells.get(id) ?? this.#make(id);
    const total = this.#items.length;
    const put = (/** @type {string} */ name, /** @type {string} */ value) => {
      if (cell.getAttribute(name) !== value) cell.setAttribute(name, value);
    };
    put('aria-selected', String(this.#chosen.has(id)));
    put('aria-posinset', String(place + 1));
    put('aria-setsize', String(total));
    put('aria-label', `Picture ${place + 1} of ${total}${heldOut ? ', kept for checking' : ''}`);
    cell.classList.toggle('held-out', heldOut);
    cell.classList.toggle('active', id === this.#active);
    const x = (place % this.#columns) * step;
    const y = Math.floor(place / this.#columns) * step;
    cell.style.transform = `translate(${x}px, ${y}px)`;
  }

  /** @param {string} id */
  #make(id) {
    const picture = make('img', { alt: '', draggable: 'false', decoding: 'async' });
    const cell = make(
      'div',
      { role: 'option', class: 'thumbnail', id: `${this.#prefix}-${id}`, 'data-id': id },
      picture,
    );
    this.#cells.set(id, cell);
    this.spacer.append(cell);
    this.#waiting.push(cell);
    this.#read();
    return cell;
  }

  /** @param {string} id */
  #drop(id) {
    const cell = this.#cells.get(id);
    this.#cells.delete(id);
    cell?.remove();
  }

  async #read() {
    while (this.#reading < READS) {
      const cell = this.#waiting.pop();
      if (!cell) return;
      const id = String(cell.dataset.id);
      if (this.#cells.get(id) !== cell) continue; // scrolled away
      this.#reading++;
      try {
        await showBlob(/** @type {HTMLImageElement} */ (cell.firstElementChild), await this.owner.load(id));
      } catch {
        cell.classList.add('broken'); // removed in another tab meanwhile; the next list lacks it
      } finally {
        this.#reading--;
      }
    }
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const cell = /** @type {HTMLElement} */ (event.target).closest('[role="option"]');
    if (!(cell instanceof HTMLElement)) return;
    const id = String(cell.dataset.id);
    const finger = 'pointerType' in event && event.pointerType === 'touch';
    if (event.shiftKey && this.#anchor !== null) this.#range(this.#anchor, id);
    else if (event.ctrlKey || event.metaKey || finger) this.#toggle(id);
    else {
      const alone = this.#chosen.size === 1 && this.#chosen.has(id);
      this.#chosen.clear();
      if (!alone) this.#chosen.add(id);
      this.#anchor = id;
    }
    this.#activate(id);
    this.#tell();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const { key } = event;
    if (event.altKey || this.#items.length === 0) return;
    const page = this.#columns * Math.max(1, Math.floor(this.box.clientHeight / (this.#size + GAP)));
    const here = this.#active === null ? 0 : Number(this.#places.get(this.#active));
    /** @type {Record<string, number>} */
    const moves = {
      ArrowLeft: here - 1,
      ArrowRight: here + 1,
      ArrowUp: here - this.#columns,
      ArrowDown: here + this.#columns,
      PageUp: here - page,
      PageDown: here + page,
      Home: 0,
      End: this.#items.length - 1,
    };
    if (key in moves) {
      const { id } = this.#items[Math.min(Math.max(moves[key], 0), this.#items.length - 1)];
      if (event.shiftKey) {
        this.#anchor ??= this.#items[here].id;
        this.#range(this.#anchor, id);
      }
      this.#activate(id);
      this.#tell();
    } else if (key === ' ' && this.#active !== null) {
      this.#toggle(this.#active);
      this.#tell();
    } else if (key.toLowerCase() === 'a' && (event.ctrlKey || event.metaKey)) {
      this.chooseAll();
    } else if (key === 'Escape' && this.#chosen.size) {
      this.clear();
    } else if (key === 'Delete' || key === 'Backspace') {
      const gone = this.#chosen.size || this.#active === null ? this.chosen : [this.#active];
      this.#stepOff(here, new Set(gone));
      if (gone.length) this.owner.onRemove(gone);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  /**
   * The keyboard stays near the place where the pictures were.
   * @param {number} here
   * @param {Set<string>} gone
   */
  #stepOff(here, gone) {
    const stays = (/** @type {Item} */ { id }) => !gone.has(id);
    const next = this.#items.slice(here).find(stays) ?? this.#items.slice(0, here).reverse().find(stays);
    this.#activate(next?.id ?? null);
    this.#anchor = null;
  }

  /** @param {string} id */
  #toggle(id) {
    if (!this.#chosen.delete(id)) this.#chosen.add(id);
    this.#anchor = id;
  }

  /**
   * @param {string} from
   * @param {string} to
   */
  #range(from, to) {
    const [low, high] = [Number(this.#places.get(from)), Number(this.#places.get(to))].sort((a, b) => a - b);
    this.#chosen = new Set(this.#items.slice(low, high + 1).map(({ id }) => id));
  }

  /** @param {string | null} id */
  #activate(id) {
    this.#active = id;
    if (id === null) {
      this.box.removeAttribute('aria-activedescendant');
      return;
    }
    const step = this.#size + GAP;
    const top = Math.floor(Number(this.#places.get(id)) / this.#columns) * step;
    const { scrollTop, clientHeight } = this.box;
    if (top < scrollTop) this.box.scrollTop = top;
    else if (top + this.#size > scrollTop + clientHeight)
      this.box.scrollTop = top + this.#size - clientHeight;
    this.#draw();
    this.box.setAttribute('aria-activedescendant', `${this.#prefix}-${id}`);
  }
}

/**
 * Shows a picture; its address is let go of as soon as the browser has read it.
 * @param {HTMLImageElement} image
 * @param {Blob} blob
 * @returns {Promise<void>}
 */
export function showBlob(image, blob) {
  const url = URL.createObjectURL(blob);
  return new Promise((resolve, reject) => {
    image.onload = () => {
      URL.revokeObjectURL(url);
      resolve();
    };
    image.onerror = () => {
      URL.revokeObjectURL(url);
      reject(new Error('no picture'));
    };
    image.src = url;
  });
}
