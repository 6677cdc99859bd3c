// From probabilities to an answer: best first, and `unknown` below the calibrated threshold.

/** The answer where no class reaches the threshold. */
export const UNKNOWN = 'unknown';

/** @typedef {{label: string, confidence: number}} Result */

/**
 * Results best first. `answer` is what to show: the best label, or 'unknown' where `unknown` is true.
 * @typedef {Result[] & {unknown: boolean, answer: string}} Results
 */

/**
 * @param {ArrayLike<number>} probabilities in the order of the labels
 * @param {readonly string[]} labels
 * @param {number} threshold below this greatest probability the answer is unknown; 0 means never
 * @param {number} [topk] how many results to keep, all of them unless told
 * @returns {Results}
 */
export function toResults(probabilities, labels, threshold, topk = labels.length) {
  const sorted = labels
    .map((label, index) => ({ label, confidence: probabilities[index] }))
    .sort((a, b) => b.confidence - a.confidence);
  const unknown = !(sorted[0].confidence >= threshold);
  const answer = unknown ? UNKNOWN : sorted[0].label;
  return Object.assign(sorted.slice(0, topk), { unknown, answer });
}

/**
 * Exponential smoothing over frames, for a calmer answer on video.
 * @param {number} amount 0 keeps every frame as it is; 0.9 moves slowly
 * @returns {(probabilities: Float32Array) => Float32Array}
 */
export function smoother(amount) {
  /** @type {Float32Array | null} */
  let state = null;
  return (probabilities) => {
    const before = state;
    state = before
      ? probabilities.map((value, index) => before[index] * amount + value * (1 - amount))
      : probabilities;
    return state;
  };
}
