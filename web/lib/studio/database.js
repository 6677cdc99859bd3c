// The browser's own database, by promises: a transaction is whole or nothing, and what goes wrong says what to do.

import { PytrainError } from '../errors.js';

/**
 * @typedef {object} Transaction
 * @property {(store: string, key: IDBValidKey) => Promise<any>} get
 * @property {(store: string, query?: IDBValidKey | IDBKeyRange, index?: string) => Promise<any[]>} all
 * @property {(store: string, query?: IDBValidKey | IDBKeyRange, index?: string) => Promise<IDBValidKey[]>} keys
 * @property {(store: string, value: any, key?: IDBValidKey) => void} put
 * @property {(store: string, query: IDBValidKey | IDBKeyRange) => void} remove
 */

export class Database {
  /** @type {Promise<IDBDatabase> | null} */
  #opened = null;

  /**
   * @param {string} name
   * @param {number} version
   * @param {(database: IDBDatabase, before: number) => void} upgrade makes the stores; before: the version that was there
   */
  constructor(name, version, upgrade) {
    this.name = name;
    this.version = version;
    this.upgrade = upgrade;
  }

  /**
   * Does some work in one transaction: where the work or the browser fails, nothing of it is kept.
   * @template T
   * @param {string[]} stores
   * @param {'readonly' | 'readwrite'} mode
   * @param {(transaction: Transaction) => Promise<T> | T} work may wait for nothing but the transaction
   * @returns {Promise<T>}
   */
  async run(stores, mode, work) {
    let transaction;
    try {
      transaction = (await this.#open()).transaction(stores, mode);
    } catch (error) {
      if (/** @type {DOMException} */ (error).name !== 'InvalidStateError') throw asProblem(error);
      // The browser closed the connection behind our back, as it may when the page slept.
      this.#opened = null;
      try {
        transaction = (await this.#open()).transaction(stores, mode);
      } catch (again) {
        throw asProblem(again);
      }
    }
    return perform(transaction, work);
  }

  #open() {
    this.#opened ??= this.#connect().catch((error) => {
      this.#opened = null;
      throw error;
    });
    return this.#opened;
  }

  /** @returns {Promise<IDBDatabase>} */
  #connect() {
    return new Promise((resolve, reject) => {
      let request;
      try {
        request = globalThis.indexedDB.open(this.name, this.version);
      } catch (error) {
        // Reading the property alone throws where a browser forbids storage.
        reject(asProblem(error));
        return;
      }
      request.onupgradeneeded = ({ oldVersion }) => this.upgrade(request.result, oldVersion);
      request.onerror = () => reject(asProblem(request.error));
      request.onsuccess = () => {
        const database = request.result;
        const forget = () => {
          this.#opened = null;
        };
        // Another tab has a newer version of the page: it must not wait for us.
        database.onversionchange = () => {
          database.close();
          forget();
        };
        database.onclose = forget;
        resolve(database);
      };
    });
  }
}

/**
 * @template T
 * @param {IDBTransaction} transaction
 * @param {(transaction: Transaction) => Promise<T> | T} work
 * @returns {Promise<T>}
 */
function perform(transaction, work) {
  return new Promise((resolve, reject) => {
    /** @type {T} */
    let value;
    /** @type {unknown} */
    let failure;
    transaction.oncomplete = () => resolve(value);
    transaction.onabort = () => reject(asProblem(failure ?? transaction.error));
    const fail = (/** @type {unknown} */ error) => {
      failure ??= error;
      try {
        transaction.abort();
      } catch {
        reject(asProblem(failure)); // it has ended already
      }
    };
    Promise.resolve(worker(transaction))
      .then(work)
      .then((result) => {
        value = result;
      }, fail);
  });
}

/**
 * @param {IDBTransaction} transaction
 * @returns {Transaction}
 */
function worker(transaction) {
  /** @param {string} store @param {string} [index] */
  const place = (store, index) => {
    const found = transaction.objectStore(store);
    return index ? found.index(index) : found;
  };
  return {
    get: (store, key) => answer(place(store).get(key)),
    all: (store, query, index) => answer(place(store, index).getAll(query)),
    keys: (store, query, index) => answer(place(store, index).getAllKeys(query)),
    // Nobody waits for these: what fails aborts the transaction.
    put: (store, value, key) => void transaction.objectStore(store).put(value, key),
    remove: (store, query) => void transaction.objectStore(store).delete(query),
  };
}

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
function answer(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** What is thrown where the browser's storage is full. */
export class StorageFull extends PytrainError {
  constructor() {
    super(
      'The storage that this browser gives the page is full. What was kept before is untouched.',
      null,
      'Save the project as a file, then delete models or projects here that you no longer need, or free space on the disk.',
    );
  }
}

/**
 * @param {unknown} error
 * @returns {Error}
 */
function asProblem(error) {
  if (error instanceof PytrainError) return error;
  const { name = 'Error', message = '' } = /** @type {Error} */ (error ?? {});
  if (name === 'QuotaExceededError') return new StorageFull();
  if (isMissing(name)) {
    return new PytrainError(
      'This browser keeps nothing for this page: storage is switched off, or this is a private window.',
      null,
      'Open the page in an ordinary window, or allow it to keep data in the settings of the browser.',
    );
  }
  if (name === 'VersionError') {
    return new PytrainError(
      'A newer version of this page has kept its data here already.',
      null,
      'Load the page again; if that does not help, empty the cache of the browser.',
    );
  }
  if (error instanceof Error && !(error instanceof DOMException)) return error;
  return new PytrainError(
    `The storage of this browser failed: ${message || name}.`,
    null,
    'Load the page again; if that does not help, start the browser again.',
  );
}

/** @param {string} error its name; reading the property alone throws where a browser forbids storage */
function isMissing(error) {
  try {
    return globalThis.indexedDB === undefined || ['SecurityError', 'InvalidStateError'].includes(error);
  } catch {
    return true;
  }
}
