// Work that must not overlap.

/**
 * A function that does what it is given one after the other, whatever became of the one before.
 * @returns {<T>(work: () => Promise<T>) => Promise<T>}
 */
export function inTurns() {
  /** @type {Promise<unknown>} */
  let last = Promise.resolve();
  return (work) => {
    const turn = last.then(work);
    last = turn.catch(() => {});
    return turn;
  };
}
