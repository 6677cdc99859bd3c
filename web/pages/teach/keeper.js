// Puts recorded frames into the project, many at a time; what the storage does not take waits, and is not lost.

/** @typedef {import('./recorder.js').Shot} Shot */
/** @typedef {import('../../lib/studio/project.js').Project} Project */

export class Keeper {
  /** @type {{project: Project, classId: string, shot: Shot}[]} */
  #waiting = [];
  #writing = false;

  /** @param {(error: unknown) => void} onError what could not be kept waits for again() */
  constructor(onError) {
    this.onError = onError;
  }

  /** How many frames are not in the storage yet. */
  get waiting() {
    return this.#waiting.length;
  }

  /**
   * @param {Project} project
   * @param {string} classId
   * @param {Shot} shot
   */
  keep(project, classId, shot) {
    this.#waiting.push({ project, classId, shot });
    this.again();
  }

  /** Writes what waits, unless that is going on. */
  async again() {
    if (this.#writing) return;
    this.#writing = true;
    try {
      while (this.#waiting.length) {
        const { project, classId } = this.#waiting[0];
        const own = (/** @type {{project: Project, classId: string}} */ one) =>
          one.project === project && one.classId === classId;
        const end = this.#waiting.findIndex((one) => !own(one));
        const batch = this.#waiting.slice(0, end < 0 ? undefined : end);
        await project.addImages(
          classId,
          batch.map(({ shot }) => shot),
        );
        this.#waiting.splice(0, batch.length);
      }
    } catch (error) {
      this.onError(error);
    } finally {
      this.#writing = false;
    }
  }

  /** Gives up what waits. */
  forget() {
    this.#waiting = [];
  }
}
