// Hands on the newest of many values, one at a time and not too often; what came in between is left out.

/** @template T */
export class Newest {
  /** @type {{value: T} | null} */
  #waiting = null;
  #busy = false;

  /**
   * @param {(value: T) => Promise<unknown>} give must not fail
   * @param {number} every milliseconds from one to the next, at least
   */
  constructor(give, every) {
    this.give = give;
    this.every = every;
  }

  /** @param {T} value */
  put(value) {
    this.#waiting = { value };
    if (!this.#busy) this.#run();
  }

  /** Forgets what is waiting. */
  clear() {
    this.#waiting = null;
  }

  async #run() {
    this.#busy = true;
    while (this.#waiting) {
      const { value } = this.#waiting;
      this.#waiting = null;
      const pause = new Promise((resolve) => setTimeout(resolve, this.every));
      await this.give(value);
      await pause;
    }
    this.#busy = false;
  }
}
