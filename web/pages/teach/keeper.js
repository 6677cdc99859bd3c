// Puts recorded frames into the project, many at a time; what the storage does not take waits, and is not lost.

import { Gone } from '../../lib/studio/project.js';

/** @typedef {import('./recorder.js').Shot} Shot */
/** @typedef {import('../../lib/studio/project.js').Project} Project */
/** @typedef {{project: Project, classId: string, name: string}} Home the class that was recorded for, and its name then */

export class Keeper {
  /** @type {{home: Home, shot: Shot}[]} */
  #waiting = [];
  /** Those whose class or project is gone, by what they were recorded for. @type {Map<Home, Shot[]>} */
  #homeless = new Map();
  #writing = false;

  /**
   * @param {(error: unknown) => void} onError what could not be kept waits for again()
   * @param {() => void} onHomeless a class or a project is gone: its frames wait for keepIn() or forget()
   */
  constructor(onError, onHomeless) {
    this.onError = onError;
    this.onHomeless = onHomeless;
  }

  /** How many frames are not in the storage yet, but could be. */
  get waiting() {
    return this.#waiting.length;
  }

  /** How many frames have no class any more, by what they were recorded for. @returns {[home: Home, frames: number][]} */
  get homeless() {
    return [...this.#homeless].map(([home, shots]) => [home, shots.length]);
  }

  /**
   * @param {Home} home the same object for all frames of a recording
   * @param {Shot} shot
   */
  keep(home, shot) {
    this.#waiting.push({ home, shot });
    this.again();
  }

  /** Writes what waits, unless that is going on. */
  async again() {
    if (this.#writing) return;
    this.#writing = true;
    try {
      while (this.#waiting.length) {
        const { home } = this.#waiting[0];
        const end = this.#waiting.findIndex((one) => one.home !== home);
        const shots = this.#waiting.slice(0, end < 0 ? undefined : end).map(({ shot }) => shot);
        const kept = await write(home, shots);
        this.#waiting.splice(0, shots.length);
        if (kept) continue;
        this.#lose(home, shots);
      }
    } catch (error) {
      this.onError(error);
    } finally {
      this.#writing = false;
    }
  }

  /**
   * @param {Home} home
   * @param {Shot[]} shots
   */
  #lose(home, shots) {
    const same = (/** @type {Home} */ one) => one.project === home.project && one.classId === home.classId;
    const known = [...this.#homeless.keys()].find(same) ?? home;
    this.#homeless.set(known, [...(this.#homeless.get(known) ?? []), ...shots]);
    this.onHomeless();
  }

  /**
   * Keeps frames that have no class any more in another one.
   * @param {Home} home what they were recorded for
   * @param {Home} other
   */
  keepIn(home, other) {
    const shots = this.#homeless.get(home) ?? [];
    this.forget(home);
    this.#waiting.push(...shots.map((shot) => ({ home: other, shot })));
    return this.again();
  }

  /**
   * Gives up frames that have no class any more.
   * @param {Home} home what they were recorded for
   */
  forget(home) {
    this.#homeless.delete(home);
  }
}

/**
 * @param {Home} home
 * @param {Shot[]} shots
 * @returns {Promise<boolean>} false where there is no such class any more
 */
async function write({ project, classId }, shots) {
  try {
    await project.addImages(classId, shots);
    return true;
  } catch (error) {
    if (error instanceof Gone) return false;
    throw error;
  }
}
