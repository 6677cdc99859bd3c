// Keeps a project's pictures on the server the same as here: what is missing there is sent, however long it takes.
//
// Nothing is kept in a queue that could be lost: the pictures are in the browser's storage, and what is to be done is
// worked out of the difference, after a reload or a day without a server as well as at once. What this project has
// sent is written down, so that only that is ever moved or removed there.

import { rememberSent, sentOf } from './sent.js';
import { call, ServerError, ServerGone } from './server.js';

/** While pictures come, sending waits for a pause so long, but not longer than that. */
const PAUSE = 1000;
const LONGEST_PAUSE = 5000;

/** A server that is gone, or busy, is asked again after so long: the first time, and at most. */
const FIRST_WAIT = 1000;
const LONGEST_WAIT = 15_000;

/** Pictures that are on their way at a time. */
const TOGETHER = 3;

/**
 * @typedef {object} UploadState
 * @property {'sent' | 'sending' | 'waiting' | 'refused'} phase waiting: for the server, or for a training that reads the
 *   pictures; refused: the server does not take them, `error` says why
 * @property {number} left pictures to send, move or remove
 * @property {number} total of the project
 * @property {Error} [error]
 */

/** @typedef {import('./sent.js').Place} Place */
/** @typedef {{id: string, put?: Place, remove?: string}} Change */

/**
 * Sends a project's pictures as they come, until it is told to end.
 * @param {import('./project.js').Project} project
 * @param {(state: UploadState) => void} [onState]
 * @returns {Uploads}
 */
export function keepUploaded(project, onState = () => {}) {
  return new Uploads(project, onState);
}

export class Uploads {
  #ended = false;
  /** Grows with every change of the project. */
  #wanted = 1;
  #done = 0;
  #changed = 0;
  #firstChange = 0;
  #wait = FIRST_WAIT;
  /** @type {() => void} */
  #wake = () => {};
  /** @type {{at: number, resolve: () => void, reject: (error: Error) => void}[]} */
  #waiting = [];
  #endListening;

  /**
   * @param {import('./project.js').Project} project
   * @param {(state: UploadState) => void} onState
   */
  constructor(project, onState) {
    this.project = project;
    this.onState = onState;
    this.#endListening = project.on('change', () => {
      this.#wanted++;
      this.#changed = performance.now();
      this.#firstChange ||= this.#changed;
      this.#wake();
    });
    globalThis.addEventListener?.('online', this.#now);
    this.#loop();
  }

  /** Ends it; what is not sent yet is sent the next time. */
  end() {
    this.#ended = true;
    this.#endListening();
    globalThis.removeEventListener?.('online', this.#now);
    const ended = new DOMException('Sending has ended.', 'AbortError');
    for (const { reject } of this.#waiting.splice(0)) reject(ended);
    this.#wake();
  }

  /**
   * Waits until all that is in the project now is on the server; held-out pictures are settled before.
   * @param {AbortSignal} [signal]
   * @returns {Promise<void>} rejects where the server refuses the pictures
   */
  async settled(signal) {
    await this.project.settleHeldOut();
    signal?.throwIfAborted();
    const at = ++this.#wanted;
    await new Promise((resolve, reject) => {
      this.#waiting.push({ at, resolve: () => resolve(undefined), reject });
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
      this.#firstChange = 0;
      this.#changed = 0;
      this.#now();
    });
  }

  #now = () => {
    this.#wait = FIRST_WAIT;
    this.#wake();
  };

  async #loop() {
    while (!this.#ended) {
      await this.#pause();
      if (this.#ended) return;
      const at = this.#wanted;
      this.#firstChange = 0;
      try {
        await this.#sendAll();
        this.#wait = FIRST_WAIT;
        this.#done = at;
        this.#settle(at);
        // Only a change, or somebody who waits, brings more to do.
        while (!this.#ended && this.#wanted === this.#done) await this.#sleep(Number.POSITIVE_INFINITY);
      } catch (error) {
        if (this.#ended) return;
        await this.#failed(/** @type {Error} */ (error));
      }
    }
  }

  /** While pictures come in quick succession, which of them are held out still changes. */
  async #pause() {
    for (;;) {
      const now = performance.now();
      const quiet = this.#changed + PAUSE - now;
      const longest = this.#firstChange + LONGEST_PAUSE - now;
      const left = this.#firstChange ? Math.min(quiet, longest) : 0;
      if (left <= 0 || this.#ended) return;
      await this.#sleep(left);
    }
  }

  /** @param {Error} error */
  async #failed(error) {
    const changes = await this.#changes(null).catch(() => []);
    const gone = error instanceof ServerGone;
    const busy = error instanceof Busy || (error instanceof ServerError && error.status === 503);
    this.#tell(gone || busy ? 'waiting' : 'refused', changes.length, error);
    if (!gone && !busy) {
      for (const { reject } of this.#waiting.splice(0)) reject(error);
    }
    await this.#sleep(this.#wait);
    this.#wait = Math.min(2 * this.#wait, LONGEST_WAIT);
  }

  async #sendAll() {
    const dataset = encodeURIComponent(this.project.name);
    const there = await placesOnServer(this.project.name);
    const changes = await this.#changes(there);
    const made = new Set(there.labels);
    let left = changes.length;
    this.#tell(left ? 'sending' : 'sent', left);
    for (const { name } of this.project.classes) {
      if (made.has(name)) continue;
      await call(`datasets/${dataset}/${encodeURIComponent(name)}`, { method: 'PUT' });
    }
    for (let at = 0; at < changes.length && !this.#ended; at += TOGETHER) {
      const some = changes.slice(at, at + TOGETHER);
      const outcomes = await Promise.allSettled(some.map((change) => this.#make(dataset, change)));
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
      left -= some.length;
      this.#tell(left ? 'sending' : 'sent', left);
    }
  }

  /**
   * @param {string} dataset
   * @param {Change} change
   */
  async #make(dataset, { id, put, remove }) {
    if (put) {
      const blob = await this.project.blob(id).catch(() => null);
      // One that was deleted meanwhile is dealt with in the next round.
      if (!blob) return;
      const query = put.heldOut ? '?held_out=1' : '';
      const path = `datasets/${dataset}/${encodeURIComponent(put.label)}/${id}${query}`;
      await call(path, { method: 'PUT', body: blob });
      await rememberSent(this.project.name, id, put);
    }
    if (remove !== undefined) {
      await removeThere(`datasets/${dataset}/${encodeURIComponent(remove)}/${id}`);
      if (!put) await rememberSent(this.project.name, id, null);
    }
  }

  /**
   * What is to be done; by what was sent before, where the server is not there to be asked.
   * @param {Awaited<ReturnType<typeof placesOnServer>> | null} there
   * @returns {Promise<Change[]>}
   */
  async #changes(there) {
    const known = await sentOf(this.project.name);
    const wanted = this.#places();
    /** @type {Change[]} */
    const changes = [];
    for (const [id, put] of wanted) {
      const before = known.get(id);
      const now = there ? there.places.get(id) : before;
      if (before && before.label !== put.label) changes.push({ id, put, remove: before.label });
      else if (now?.label !== put.label || now.heldOut !== put.heldOut) changes.push({ id, put });
      else if (!before) await rememberSent(this.project.name, id, put);
    }
    for (const [id, before] of known) if (!wanted.has(id)) changes.push({ id, remove: before.label });
    // Removals may have to wait for a training; nothing else waits with them.
    return changes.sort((a, b) => Number('remove' in a) - Number('remove' in b));
  }

  /** Where each picture belongs. @returns {Map<string, Place>} */
  #places() {
    return new Map(
      this.project.classes.flatMap(({ id, name }) =>
        this.project
          .images(id)
          .map(
            (image) => /** @type {[string, Place]} */ ([image.id, { label: name, heldOut: image.heldOut }]),
          ),
      ),
    );
  }

  /** @param {number} at */
  #settle(at) {
    const reached = this.#waiting.filter((one) => one.at <= at);
    this.#waiting = this.#waiting.filter((one) => one.at > at);
    for (const { resolve } of reached) resolve();
  }

  /**
   * @param {UploadState['phase']} phase
   * @param {number} left
   * @param {Error} [error]
   */
  #tell(phase, left, error) {
    const { total } = this.project.counts();
    if (!this.#ended) this.onState({ phase, left, total, ...(error && { error }) });
  }

  /** @param {number} milliseconds */
  #sleep(milliseconds) {
    return new Promise((resolve) => {
      const timer = Number.isFinite(milliseconds)
        ? setTimeout(() => resolve(undefined), milliseconds)
        : undefined;
      this.#wake = () => {
        clearTimeout(timer);
        resolve(undefined);
      };
    });
  }
}

/** The server goes on without the removal for now: a training reads the pictures. */
class Busy extends ServerError {}

/** @param {string} path of a picture */
async function removeThere(path) {
  try {
    await call(path, { method: 'DELETE' });
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    if (error.status === 409) throw new Busy(409, error);
    // What is not there any more need not be removed.
    if (error.status !== 404) throw error;
  }
}

/**
 * What is on the server. Of the list first: browsers write every 404 down as an error.
 * @param {string} dataset its name
 * @returns {Promise<{labels: string[], places: Map<string, Place>}>}
 */
async function placesOnServer(dataset) {
  const { datasets } = await call('datasets');
  if (!datasets.some((/** @type {{name: string}} */ { name }) => name === dataset)) {
    return { labels: [], places: new Map() };
  }
  const found = await call(`datasets/${encodeURIComponent(dataset)}`);
  /** @type {Map<string, Place>} */
  const places = new Map();
  for (const { name, images, held_out: heldOut } of found.labels) {
    for (const id of images) places.set(id, { label: name, heldOut: false });
    for (const id of heldOut) places.set(id, { label: name, heldOut: true });
  }
  return { labels: found.labels.map((/** @type {{name: string}} */ { name }) => name), places };
}
