// A project: classes and their pictures, kept in the browser, the same in all its tabs.

import { PytrainError } from '../errors.js';
import { StorageFull } from './database.js';
import { heldOutOf } from './held-out.js';
import { className, freeName, same } from './names.js';
import { toBlob, toPicture } from './pictures.js';
import { projects, STORES } from './project-database.js';
import { forgetSent } from './sent.js';
import { warningsOf } from './warnings.js';

/** @typedef {{id: string, name: string, colour: string}} Class */
/** @typedef {{id: string, recording: string | null, time: number, heldOut: boolean}} Image */

/**
 * A picture as the database has it, without the picture.
 * @typedef {object} Row
 * @property {string} id sorts by time
 * @property {string} project
 * @property {string} classId
 * @property {string | null} recording
 * @property {number} time
 * @property {Uint8Array} [look]
 * @property {boolean} [held]
 * @property {string} [removed] the step of undo that brings it back
 */

/**
 * @typedef {object} NewImage
 * @property {Blob & {name?: string}} blob
 * @property {string | null} [recording] the same for pictures that were taken in one go
 * @property {number} [time] when it was taken; now, unless told
 * @property {boolean} [heldOut] decided for good; by its place in the recording, unless told
 */

/**
 * @typedef {{step: string, time: number, images: number, cls?: {at: number, value: Class}}} Step a removal
 * @typedef {{name: string, classes: Class[], made: number, changed: number, revision: number, images: number, undo: Step[]}} Stored
 * @typedef {{put?: Row[], gone?: string[]}} Changes pictures that came or changed, and ids of those that went
 */

/** Told apart by people who see few colours, too: after Okabe and Ito, Color universal design, 2002. */
export const COLOURS = [
  '#ff5b1f',
  '#0072b2',
  '#009e73',
  '#cc79a7',
  '#e6ab00',
  '#56b4e9',
  '#8b5a2b',
  '#7b5fd3',
  '#6b8e23',
  '#d6336c',
];

/** So many removals can be undone, until this time has passed. */
const UNDO_STEPS = 20;
const UNDO_MILLISECONDS = 60 * 60 * 1000;

const CHANNEL = 'pytrain-projects';

/** What is thrown where a class or a project is not there any more: nothing can be kept in it. */
export class Gone extends PytrainError {}

/** @returns {Promise<{name: string, classes: string[], images: number, made: Date, changed: Date}[]>} newest first */
export async function listProjects() {
  /** @type {Stored[]} */
  const rows = await projects.run(['projects'], 'readonly', (transaction) => transaction.all('projects'));
  return rows
    .sort((a, b) => b.changed - a.changed)
    .map(({ name, classes, images, made, changed }) => ({
      name,
      classes: classes.map((one) => one.name),
      images,
      made: new Date(made),
      changed: new Date(changed),
    }));
}

/**
 * Opens a project, or makes it where there is none of this name.
 * @param {string} name
 * @returns {Promise<Project>}
 */
export async function openProject(name) {
  const wanted = checked(name, 'A project');
  const found = await projects.run(['projects'], 'readwrite', async (transaction) => {
    const names = /** @type {string[]} */ (await transaction.keys('projects'));
    const there = names.find((other) => same(other, wanted));
    if (there) return there;
    const now = Date.now();
    /** @type {Stored} */
    const made = { name: wanted, classes: [], made: now, changed: now, revision: 0, images: 0, undo: [] };
    transaction.put('projects', made);
    return wanted;
  });
  const project = new Project(found);
  await project.start();
  return project;
}

/** @param {string} name */
export async function deleteProject(name) {
  await projects.run(STORES, 'readwrite', async (transaction) => {
    for (const id of await transaction.keys('images', name, 'project')) erase(transaction, String(id));
    transaction.remove('projects', name);
  });
  await forgetSent(name);
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage({ project: name, deleted: true });
  channel.close();
}

export class Project {
  /** @type {Stored} */
  #record = { name: '', classes: [], made: 0, changed: 0, revision: -1, images: 0, undo: [] };
  /** Pictures that are there, by id. @type {Map<string, Row>} */
  #rows = new Map();
  /** What is worked out of the pictures, until they change. @type {Map<string, any>} */
  #known = new Map();
  /** @type {Map<string, Set<() => void>>} */
  #listeners = new Map();
  /** Changes reach our memory one after the other. @type {Promise<void>} */
  #queue = Promise.resolve();
  #channel = new BroadcastChannel(CHANNEL);
  #closed = false;

  /** @param {string} name use openProject() */
  constructor(name) {
    this.name = name;
    this.#channel.onmessage = ({ data }) => {
      if (data.project !== this.name) return;
      if (data.deleted) this.#tell('deleted');
      else this.#take(data.record, data.changes);
    };
  }

  /** Reads what there is; part of openProject(). */
  async start() {
    await this.#forgetRemoved(Date.now() - UNDO_MILLISECONDS);
    this.#queue = this.#queue.then(() => this.#readAll());
    await this.#queue;
  }

  /** @returns {readonly Class[]} */
  get classes() {
    return this.#record.classes;
  }

  /**
   * Calls a listener at every 'change' of the project, in whichever tab it happened, or when it was 'deleted'.
   * @param {'change' | 'deleted'} event
   * @param {() => void} listener
   * @returns {() => void} ends it
   */
  on(event, listener) {
    const found = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, found.add(listener));
    return () => found.delete(listener);
  }

  /** Listens to other tabs no more; what is still on its way can be added all the same. */
  close() {
    this.#closed = true;
    this.#channel.close();
    this.#listeners.clear();
  }

  /**
   * Gives the project another name, in all tabs.
   * @param {string} name
   */
  async rename(name) {
    const before = this.name;
    const record = await projects.run(STORES, 'readwrite', async (transaction) => {
      /** @type {Stored | undefined} */
      const record = await transaction.get('projects', before);
      if (!record) throw deleted(before);
      const names = /** @type {string[]} */ (await transaction.keys('projects'));
      const others = names.filter((other) => other !== before);
      record.name = checked(name, 'A project', others);
      for (const row of await transaction.all('images', before, 'project')) {
        transaction.put('images', { ...row, project: record.name });
      }
      transaction.remove('projects', before);
      record.revision++;
      record.changed = Date.now();
      transaction.put('projects', record);
      return record;
    });
    const applied = this.#take(record, {});
    this.#channel.postMessage({ project: before, record, changes: {} });
    await applied;
  }

  /**
   * @param {string} [name] "Class 1" and so on unless told
   * @returns {Promise<Class>}
   */
  addClass(name) {
    return this.#change((record) => {
      const names = record.classes.map((one) => one.name);
      const given = name === undefined ? nextName(names) : checked(name, 'A class', names);
      const used = record.classes.map(({ colour }) => colour);
      const colour = COLOURS.find((one) => !used.includes(one)) ?? COLOURS[used.length % COLOURS.length];
      const made = { id: `class-${randomPart()}`, name: given, colour };
      record.classes.push(made);
      return { value: made };
    });
  }

  /**
   * @param {string} id
   * @param {string} name
   */
  renameClass(id, name) {
    return this.#change((record) => {
      const one = classOf(record, id);
      const others = record.classes.filter((other) => other !== one).map((other) => other.name);
      one.name = checked(name, 'A class', others);
      return { value: undefined };
    });
  }

  /**
   * @param {string} id
   * @param {string} colour as CSS writes it, '#rrggbb'
   */
  recolour(id, colour) {
    if (!/^#[0-9a-f]{6}$/i.test(colour)) {
      throw new PytrainError(`The colour ${colour} came.`, 'one like #ff5b1f', 'Choose another colour.');
    }
    return this.#change((record) => {
      classOf(record, id).colour = colour;
      return { value: undefined };
    });
  }

  /**
   * Takes a class and its pictures away; undo() brings them back.
   * @param {string} id
   */
  removeClass(id) {
    return this.#change(async (record, transaction) => {
      const at = record.classes.indexOf(classOf(record, id));
      const [value] = record.classes.splice(at, 1);
      const rows = await this.#stored(transaction);
      return remove(
        transaction,
        record,
        rows.filter((row) => row.classId === id),
        { at, value },
      );
    });
  }

  /**
   * Adds pictures to a class, all or none. They are made square JPEGs where they are not.
   * @param {string} classId
   * @param {readonly NewImage[]} images
   * @returns {Promise<string[]>} their ids
   */
  async addImages(classId, images) {
    const made = [];
    for (const { blob, ...rest } of images) made.push({ ...(await toPicture(blob)), ...rest });
    return this.#add(classId, made);
  }

  /**
   * Adds files to a class, those that can be read, a few at a time, so that thousands do no harm.
   * @param {string} classId
   * @param {Iterable<Blob & {name?: string}>} files
   * @param {{onProgress?: (progress: {done: number, total: number}) => void, signal?: AbortSignal}} [options]
   * @returns {Promise<{ids: string[], refused: {name: string, error: Error}[]}>} what was added, and what was not and why
   */
  async addFiles(classId, files, { onProgress = () => {}, signal } = {}) {
    const list = [...files];
    /** @type {string[]} */
    const ids = [];
    const refused = [];
    for (let at = 0; at < list.length && !signal?.aborted; at += TOGETHER) {
      const read = await Promise.allSettled(list.slice(at, at + TOGETHER).map(toPicture));
      const good = [];
      for (const [number, outcome] of read.entries()) {
        if (outcome.status === 'fulfilled') good.push(outcome.value);
        else refused.push({ name: list[at + number].name ?? 'A picture', error: outcome.reason });
      }
      if (good.length) ids.push(...(await this.#add(classId, good)));
      onProgress({ done: Math.min(at + TOGETHER, list.length), total: list.length });
    }
    return { ids, refused };
  }

  /**
   * @param {string} classId
   * @returns {readonly Image[]} oldest first
   */
  images(classId) {
    return this.#worked(`images ${classId}`, () => {
      const rows = this.#of(classId);
      const held = this.#heldOut(classId);
      return rows.map(({ id, recording, time }) => ({ id, recording, time, heldOut: held.has(id) }));
    });
  }

  /**
   * @param {string} id
   * @returns {Promise<Blob>} a JPEG
   */
  async blob(id) {
    const bytes = await projects.run(['pictures'], 'readonly', (transaction) =>
      transaction.get('pictures', id),
    );
    if (bytes) return toBlob(bytes);
    throw new PytrainError(
      'A picture is not there any more.',
      null,
      'It was deleted, perhaps in another tab.',
    );
  }

  /**
   * Takes pictures away; undo() brings them back.
   * @param {Iterable<string>} ids
   */
  remove(ids) {
    const wanted = new Set(ids);
    return this.#change(async (record, transaction) => {
      const rows = await Promise.all([...wanted].map((id) => transaction.get('images', id)));
      return remove(
        transaction,
        record,
        rows.filter((row) => row && !row.removed && row.project === this.name),
      );
    });
  }

  /** How many removals undo() can undo. */
  get undoable() {
    return this.#record.undo.length;
  }

  /**
   * Undoes the last removal.
   * @returns {Promise<{images: number, className?: string} | null>} what came back; null where nothing was removed
   */
  undo() {
    return this.#change(async (record, transaction) => {
      const last = record.undo.pop();
      if (!last) return { value: null };
      const { step, cls } = last;
      if (cls) {
        const names = record.classes.map((one) => one.name);
        const value = { ...cls.value, name: freeName(cls.value.name, names) };
        record.classes.splice(Math.min(cls.at, record.classes.length), 0, value);
      }
      /** @type {Row[]} */
      const removed = await transaction.all('images', step, 'removed');
      // Their class may be gone by now: its own removal comes back in a later step of undo.
      const put = removed.map(({ removed: _, ...row }) => row);
      for (const row of put) transaction.put('images', row);
      record.images += put.length;
      return { value: { images: put.length, ...(cls && { className: cls.value.name }) }, changes: { put } };
    });
  }

  /** @returns {{total: number, heldOut: number, classes: {id: string, total: number, training: number, heldOut: number}[]}} */
  counts() {
    return this.#worked('counts', () => {
      const classes = this.classes.map(({ id }) => {
        const total = this.#of(id).length;
        const heldOut = this.#heldOut(id).size;
        return { id, total, training: total - heldOut, heldOut };
      });
      const sum = (/** @type {'total' | 'heldOut'} */ key) => classes.reduce((all, one) => all + one[key], 0);
      return { total: sum('total'), heldOut: sum('heldOut'), classes };
    });
  }

  /** What may spoil the model. @returns {import('./warnings.js').Warning[]} */
  warnings() {
    return this.#worked('warnings', () =>
      warningsOf(
        this.classes.map(({ id, name }) => ({
          id,
          name,
          shots: this.#of(id),
          heldOut: this.#heldOut(id).size,
        })),
      ),
    );
  }

  /**
   * Decides for good which of the pictures that are there now are held out; done before anything learns from them.
   * @returns {Promise<void>}
   */
  settleHeldOut() {
    return this.#change(async (record, transaction) => {
      const rows = await this.#stored(transaction);
      const put = [];
      for (const { id } of record.classes) {
        const shots = rows.filter((row) => row.classId === id);
        const held = heldOutOf(shots);
        for (const row of shots) {
          if (row.held === undefined) put.push({ ...row, held: held.has(row.id) });
        }
      }
      for (const row of put) transaction.put('images', row);
      return { value: undefined, changes: { put } };
    });
  }

  /** Asks the browser to keep the project even when the disk gets full. @returns {Promise<boolean>} whether it will */
  async persist() {
    try {
      return (await globalThis.navigator.storage?.persist?.()) ?? false;
    } catch {
      return false;
    }
  }

  /**
   * @param {string} classId
   * @param {(import('./pictures.js').Picture & Omit<NewImage, 'blob'>)[]} pictures
   * @returns {Promise<string[]>}
   */
  #add(classId, pictures) {
    return this.#change((record, transaction) => {
      classOf(record, classId);
      const put = pictures.map(({ bytes, look, recording = null, time = Date.now(), heldOut }) => {
        /** @type {Row} */
        const row = { id: nextId(), project: this.name, classId, recording, time, look };
        if (heldOut !== undefined) row.held = heldOut;
        transaction.put('images', row);
        transaction.put('pictures', bytes, row.id);
        return row;
      });
      record.images += put.length;
      return { value: put.map(({ id }) => id), changes: { put } };
    });
  }

  /**
   * Changes the project on disk, then here, then in the other tabs. Where the disk is full, what was removed is
   * given up first.
   * @template T
   * @param {(record: Stored, transaction: import('./database.js').Transaction) =>
   *   Promise<{value: T, changes?: Changes}> | {value: T, changes?: Changes}} work may change the record
   * @returns {Promise<T>}
   */
  async #change(work) {
    try {
      return await this.#changeOnce(work);
    } catch (error) {
      if (!(error instanceof StorageFull) || this.#record.undo.length === 0) throw error;
      await this.#forgetRemoved(Number.POSITIVE_INFINITY);
      return this.#changeOnce(work);
    }
  }

  /**
   * @template T
   * @param {(record: Stored, transaction: import('./database.js').Transaction) =>
   *   Promise<{value: T, changes?: Changes}> | {value: T, changes?: Changes}} work
   * @returns {Promise<T>}
   */
  async #changeOnce(work) {
    const { value, record, changes } = await projects.run(STORES, 'readwrite', async (transaction) => {
      /** @type {Stored | undefined} */
      const record = await transaction.get('projects', this.name);
      if (!record) throw deleted(this.name);
      const { value, changes = {} } = await work(record, transaction);
      while (record.undo.length > UNDO_STEPS) await forget(transaction, record.undo.shift());
      record.revision++;
      record.changed = Date.now();
      transaction.put('projects', record);
      return { value, record, changes };
    });
    const applied = this.#apply(record, changes);
    this.#announce({ project: this.name, record, changes });
    await applied;
    return value;
  }

  /** @param {object} news for the other tabs */
  #announce(news) {
    const channel = this.#closed ? new BroadcastChannel(CHANNEL) : this.#channel;
    channel.postMessage(news);
    if (this.#closed) channel.close();
  }

  /**
   * Gives up what was removed before a time.
   * @param {number} before
   */
  async #forgetRemoved(before) {
    await projects.run(STORES, 'readwrite', async (transaction) => {
      /** @type {Stored | undefined} */
      const record = await transaction.get('projects', this.name);
      if (!record) return;
      const old = record.undo.filter(({ time }) => time < before);
      if (old.length === 0) return;
      for (const step of old) await forget(transaction, step);
      record.undo = record.undo.filter((step) => !old.includes(step));
      record.revision++;
      transaction.put('projects', record);
    });
  }

  /**
   * A change that is on disk, and the name that the project has since.
   * @param {Stored} record
   * @param {Changes} changes
   */
  #take(record, changes) {
    this.name = record.name;
    return this.#apply(record, changes);
  }

  /**
   * Takes a change into our memory; reads all anew where one was missed.
   * @param {Stored} record
   * @param {Changes} changes
   * @returns {Promise<void>}
   */
  #apply(record, { put = [], gone = [] }) {
    this.#queue = this.#queue.then(async () => {
      if (record.revision <= this.#record.revision) return;
      if (record.revision === this.#record.revision + 1) {
        this.#record = record;
        for (const row of put) this.#rows.set(row.id, row);
        for (const id of gone) this.#rows.delete(id);
      } else {
        await this.#readAll();
      }
      this.#known.clear();
      this.#tell('change');
    });
    return this.#queue;
  }

  async #readAll() {
    const [record, rows] = await projects.run(['projects', 'images'], 'readonly', (transaction) =>
      Promise.all([transaction.get('projects', this.name), this.#stored(transaction)]),
    );
    if (!record) return;
    this.#record = record;
    this.#rows = new Map(rows.map((row) => [row.id, row]));
    this.#known.clear();
  }

  /**
   * @param {import('./database.js').Transaction} transaction
   * @returns {Promise<Row[]>} pictures that are there, oldest first
   */
  async #stored(transaction) {
    const rows = await transaction.all('images', this.name, 'project');
    return rows.filter(({ removed }) => !removed);
  }

  /**
   * @param {string} classId
   * @returns {Row[]} oldest first
   */
  #of(classId) {
    const byClass = this.#worked('by class', () => {
      /** @type {Map<string, Row[]>} */
      const found = new Map();
      for (const row of [...this.#rows.values()].sort((a, b) => (a.id < b.id ? -1 : 1))) {
        const rows = found.get(row.classId);
        if (rows) rows.push(row);
        else found.set(row.classId, [row]);
      }
      return found;
    });
    return byClass.get(classId) ?? [];
  }

  /**
   * @param {string} classId
   * @returns {Set<string>}
   */
  #heldOut(classId) {
    return this.#worked(`held out ${classId}`, () => heldOutOf(this.#of(classId)));
  }

  /**
   * @template T
   * @param {string} key
   * @param {() => T} work
   * @returns {T}
   */
  #worked(key, work) {
    if (!this.#known.has(key)) this.#known.set(key, work());
    return this.#known.get(key);
  }

  /** @param {string} event */
  #tell(event) {
    for (const listener of this.#listeners.get(event) ?? []) listener();
  }
}

/** Files that are read at the same time. */
const TOGETHER = 8;

/**
 * @param {string} text
 * @param {string} what for example 'A class'
 * @param {string[]} [taken]
 */
function checked(text, what, taken) {
  const { name, problem, suggestion } = className(text, taken);
  if (name !== undefined) return name;
  throw new PytrainError(`${what} cannot be called '${text}'. ${problem}`, null, `Call it ${suggestion}.`);
}

/** @param {string[]} names */
function nextName(names) {
  for (let number = names.length + 1; ; number++) {
    if (!names.some((name) => same(name, `Class ${number}`))) return `Class ${number}`;
  }
}

/**
 * @param {Stored} record
 * @param {string} id
 */
function classOf(record, id) {
  const found = record.classes.find((one) => one.id === id);
  if (found) return found;
  throw new Gone(
    'This class is not there any more.',
    'one of the classes of the project',
    'It was deleted, perhaps in another tab; undo brings it back.',
  );
}

/**
 * @param {import('./database.js').Transaction} transaction
 * @param {Stored} record
 * @param {Row[]} rows
 * @param {Step['cls']} [cls]
 */
function remove(transaction, record, rows, cls) {
  if (rows.length === 0 && !cls) return { value: undefined };
  const step = randomPart();
  for (const row of rows) transaction.put('images', { ...row, removed: step });
  record.undo.push({ step, time: Date.now(), images: rows.length, ...(cls && { cls }) });
  record.images -= rows.length;
  return { value: undefined, changes: { gone: rows.map(({ id }) => id) } };
}

/**
 * Gives up what a removal could still bring back.
 * @param {import('./database.js').Transaction} transaction
 * @param {Step | undefined} step
 */
async function forget(transaction, step) {
  if (!step) return;
  for (const id of await transaction.keys('images', step.step, 'removed')) erase(transaction, String(id));
}

/**
 * @param {import('./database.js').Transaction} transaction
 * @param {string} id
 */
function erase(transaction, id) {
  transaction.remove('images', id);
  transaction.remove('pictures', id);
  transaction.remove('embeddings', IDBKeyRange.bound([id], [id, []]));
}

/** @param {string} name */
function deleted(name) {
  return new Gone(
    `The project ${name} was deleted in another tab.`,
    null,
    'Make a new one, or open the file that it was saved in.',
  );
}

let latest = 0;

/** Sorts by time, also within a millisecond; small letters, digits and dashes, as the server wants it. */
function nextId() {
  latest = Math.max(Date.now() * 1000, latest + 1);
  return `${latest.toString(36).padStart(11, '0')}-${randomPart()}`;
}

/** 52 random bits. crypto.randomUUID() is there on safe origins only, which a phone's may not be. */
function randomPart() {
  const [a, b] = crypto.getRandomValues(new Uint32Array(2));
  return (a * 2 ** 20 + (b >>> 12)).toString(36).padStart(10, '0');
}
