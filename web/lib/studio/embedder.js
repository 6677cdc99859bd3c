// Embeds a project's pictures while they are recorded, so that training has little left to do.

import { PytrainError } from '../errors.js';
import { StorageFull } from './database.js';
import { embedded, keepEmbedding } from './embeddings.js';
import { toFloat16 } from './float16.js';
import { UNKNOWN } from './names.js';
import { drawView, withViews } from './views.js';

/**
 * @typedef {object} Extractor as featureExtractor() gives it
 * @property {number} width
 * @property {(source: any) => Promise<Float32Array>} embed
 */

/** @typedef {{id: string, key: string, view: {id: string, mirrored: boolean} | null}} Task */

/** One for each project and network: whoever asks, nothing is embedded twice. @type {WeakMap<object, Map<string, Embedder>>} */
const made = new WeakMap();

/**
 * @param {import('./project.js').Project} project
 * @param {Extractor} extractor
 * @param {import('./backbone.js').HeadJson} head
 * @returns {Embedder}
 */
export function embedderOf(project, extractor, head) {
  if (extractor.width !== head.width) {
    throw new PytrainError(
      `The feature extractor gives ${extractor.width} numbers.`,
      `${head.width}, as the network in backbone/`,
      'Make it of the same network: featureExtractor with the folder backbone/.',
    );
  }
  const found = made.get(project) ?? new Map();
  made.set(project, found);
  const embedder = found.get(head.key) ?? new Embedder(project, head);
  found.set(head.key, embedder);
  embedder.extractor = extractor;
  return embedder;
}

export class Embedder {
  /** What is there already, by id and key. @type {Set<string> | null} */
  #kept = null;
  /** What the full storage did not take, by id and key: float16, as long as the page is open. @type {Map<string, Uint16Array>} */
  held = new Map();
  /** @type {Promise<void> | null} */
  #running = null;
  /** Those who want it to go on, and are told how far it is. @type {Set<() => void>} */
  #wanting = new Set();

  /**
   * @param {import('./project.js').Project} project
   * @param {import('./backbone.js').HeadJson} head
   */
  constructor(project, head) {
    this.project = project;
    this.head = head;
    this.key = head.key;
    /** @type {Extractor | null} */
    this.extractor = null;
  }

  /** The key of views' embeddings. */
  get keyOfViews() {
    return `${this.key} view`;
  }

  /**
   * Embeds whatever comes, until it is told to end.
   * @param {(error: unknown) => void} onError
   * @returns {() => void} ends it
   */
  follow(onError) {
    const tell = () => {};
    this.#wanting.add(tell);
    const go = () => this.#run().catch(onError);
    const end = this.project.on('change', go);
    go();
    return () => {
      end();
      this.#wanting.delete(tell);
    };
  }

  /**
   * Embeds all that is missing.
   * @param {{onProgress?: (progress: {done: number, total: number}) => void, signal?: AbortSignal}} [options]
   */
  async finish({ onProgress = () => {}, signal } = {}) {
    await this.#know();
    const tell = () => {
      const total = this.#wanted().length;
      onProgress({ done: total - this.#missing().length, total });
    };
    const aborted = new Promise((_, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    aborted.catch(() => {});
    this.#wanting.add(tell);
    try {
      tell();
      while (this.#missing().length) {
        signal?.throwIfAborted();
        await Promise.race([this.#run(), aborted]);
      }
    } finally {
      this.#wanting.delete(tell);
    }
  }

  /** The views that training uses, of pictures that are learned from. */
  views() {
    const { classes } = this.project;
    const named = classes.filter(({ name }) => name !== UNKNOWN);
    return named.flatMap(({ id }) => {
      const learned = this.project.images(id).filter(({ heldOut }) => !heldOut);
      return withViews(learned, named.length);
    });
  }

  /** All that training needs: pictures first, then their views. @returns {Task[]} */
  #wanted() {
    const pictures = this.project.classes.flatMap(({ id }) => this.project.images(id));
    return [
      ...pictures.map(({ id }) => ({ id, key: this.key, view: null })),
      ...this.views().map((view) => ({ id: view.id, key: this.keyOfViews, view })),
    ];
  }

  #missing() {
    return this.#wanted().filter(({ id, key }) => !this.#kept?.has(`${id} ${key}`));
  }

  async #know() {
    if (this.#kept) return;
    const [pictures, views] = await Promise.all([embedded(this.key), embedded(this.keyOfViews)]);
    this.#kept ??= new Set([
      ...[...pictures].map((id) => `${id} ${this.key}`),
      ...[...views].map((id) => `${id} ${this.keyOfViews}`),
    ]);
  }

  #run() {
    this.#running ??= this.#embedAll().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #embedAll() {
    await this.#know();
    // What comes meanwhile is looked for anew each time round.
    for (let tasks = this.#missing(); tasks.length; tasks = this.#missing()) {
      for (const task of tasks.slice(0, AT_A_TIME)) {
        if (this.#wanting.size === 0) return;
        await this.#embed(task);
      }
      for (const tell of this.#wanting) tell();
    }
  }

  /** @param {Task} task */
  async #embed({ id, key, view }) {
    const extractor = /** @type {Extractor} */ (this.extractor);
    try {
      const bitmap = await createImageBitmap(await this.project.blob(id));
      try {
        const source = view ? drawView(bitmap, bitmap.width, view) : bitmap;
        await this.#keep(id, key, await extractor.embed(source));
      } finally {
        bitmap.close();
      }
    } catch (error) {
      // One that was deleted meanwhile is no longer wanted.
      if (this.#wanted().some((task) => task.id === id)) throw error;
    }
    this.#kept?.add(`${id} ${key}`);
  }

  /**
   * @param {string} id
   * @param {string} key
   * @param {Float32Array} values
   */
  async #keep(id, key, values) {
    try {
      await keepEmbedding(id, key, values);
    } catch (error) {
      if (!(error instanceof StorageFull)) throw error;
      this.held.set(`${id} ${key}`, toFloat16(values));
    }
  }
}

/** Pictures that are embedded before it is looked what is wanted most. */
const AT_A_TIME = 8;
