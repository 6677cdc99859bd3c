// Which pictures are held out: kept to see what a model is worth, and never learned from.

/** Of each recording of a class the last fifth is held out: its end differs most from what was learned. */
const SHARE = 5;

/**
 * @typedef {object} Shot
 * @property {string} id
 * @property {string | null} recording pictures that were taken in one go; null for those that came one by one
 * @property {boolean} [held] decided for good once something has learned from the class, so that no picture
 *   is learned from first and judges later
 */

/**
 * @param {readonly Shot[]} shots of one class, oldest first
 * @returns {Set<string>} ids of those that are held out
 */
export function heldOutOf(shots) {
  /** @type {Map<string | null, Shot[]>} */
  const recordings = new Map();
  for (const shot of shots) {
    const found = recordings.get(shot.recording);
    if (found) found.push(shot);
    else recordings.set(shot.recording, [shot]);
  }
  const held = new Set();
  for (const recording of recordings.values()) {
    const open = recording.filter((shot) => shot.held === undefined);
    const decided = recording.filter((shot) => shot.held);
    for (const { id } of decided) held.add(id);
    const more = Math.min(open.length, Math.floor(recording.length / SHARE) - decided.length);
    if (more > 0) for (const { id } of open.slice(-more)) held.add(id);
  }
  return held;
}
