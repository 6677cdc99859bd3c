// From a model's numbers to an answer: best first, and `unknown` below the calibrated threshold.

import { BACKGROUND, KNOWN } from './contract.js';

/** The answer where no class reaches the threshold. */
export const UNKNOWN = 'unknown';

/**
 * How much each place of a frame speaks for each label: values [height, width, labels].
 * @typedef {{height: number, width: number, values: Float32Array}} Activation
 *
 * What each place of a frame belongs to, the background first: values [height, width, 1 + labels], 0 to 1.
 * @typedef {{height: number, width: number, values: Float32Array}} Belongs
 *
 * What a model gives for a frame: probabilities in the order of the labels, and, where the model says it, how surely
 * the frame shows one of them at all: 0 to 1; and, where they were asked for, the class activation and the mask.
 * @typedef {{probabilities: Float32Array, known?: number, activation?: Activation, mask?: Belongs}} Answer
 */

/**
 * Where the model looks, for the best label: values [height, width], row by row, 0 to 1, 1 where most speaks for it
 * (all 0 where nothing does), over the square that the model sees.
 * @typedef {{label: string, height: number, width: number, values: Float32Array}} HeatMap
 */

/**
 * What is where: `values` [height, width, labels], row by row, how surely a place belongs to each of `labels`, of
 * which the first is 'background'; over the square that the model sees. `areas` is what part of the square each of
 * them covers, 0 to 1: the places that most speaks for it.
 * @typedef {{labels: readonly string[], height: number, width: number, values: Float32Array, areas: number[]}} Mask
 */

/** @typedef {{label: string, confidence: number}} Result */

/**
 * Results best first. `answer` is what to show: the best label, or 'unknown' where `unknown` is true. `known` is how
 * surely the frame shows one of the labels at all, 0 to 1; only some models say it. `heatMap` and `mask` are there
 * when they were asked for: null where the model has none.
 * @typedef {Result[] & {unknown: boolean, answer: string, known?: number, heatMap?: HeatMap | null, mask?: Mask | null}} Results
 */

/**
 * @param {{probabilities: ArrayLike<number>, known?: number}} answer
 * @param {readonly string[]} labels
 * @param {{score: import('./contract.js').Score, threshold: number}} rule below this score the answer is unknown
 * @param {number} [topk] how many results to keep, all of them unless told
 * @returns {Results}
 */
export function toResults({ probabilities, known }, labels, { score, threshold }, topk = labels.length) {
  const sorted = labels
    .map((label, index) => ({ label, confidence: probabilities[index] }))
    .sort((a, b) => b.confidence - a.confidence);
  // "not at least" lets numbers that are none be unknown.
  const unknown = !(Number(score === KNOWN ? known : sorted[0].confidence) >= threshold);
  const answer = unknown ? UNKNOWN : sorted[0].label;
  const results = Object.assign(sorted.slice(0, topk), { unknown, answer });
  return known === undefined ? results : Object.assign(results, { known });
}

/**
 * @param {Activation | undefined} activation
 * @param {readonly string[]} labels
 * @param {string} label
 * @returns {HeatMap | null}
 */
export function toHeatMap(activation, labels, label) {
  if (!activation) return null;
  const { height, width, values } = activation;
  const first = labels.indexOf(label);
  const map = Float32Array.from({ length: height * width }, (_, place) =>
    Math.max(0, values[place * labels.length + first]),
  );
  const most = map.reduce((a, b) => Math.max(a, b), 0);
  return { label, height, width, values: most > 0 ? map.map((value) => value / most) : map };
}

/**
 * @param {Belongs | undefined} belongs
 * @param {readonly string[]} labels
 * @returns {Mask | null}
 */
export function toMask(belongs, labels) {
  if (!belongs) return null;
  const { height, width, values } = belongs;
  const all = [BACKGROUND, ...labels];
  const areas = all.map(() => 0);
  for (let at = 0; at < values.length; at += all.length) areas[strongest(values, at, all.length)]++;
  return { labels: all, height, width, values, areas: areas.map((count) => count / (height * width)) };
}

/**
 * Which of a few neighbours in an array is the greatest: the first of them is 0.
 * @param {Float32Array} values
 * @param {number} from
 * @param {number} count
 */
export function strongest(values, from, count) {
  let best = 0;
  for (let one = 1; one < count; one++) if (values[from + one] > values[from + best]) best = one;
  return best;
}

/**
 * Exponential smoothing over frames, for a calmer answer on video.
 * @param {number} amount 0 keeps every frame as it is; 0.9 moves slowly
 * @returns {(answer: Answer) => Answer}
 */
export function smoother(amount) {
  const mix = (/** @type {number} */ before, /** @type {number} */ now) =>
    before * amount + now * (1 - amount);
  /** @type {Answer | null} */
  let state = null;
  return ({ probabilities, known, ...rest }) => {
    const before = state ?? { probabilities, known };
    state = {
      ...rest,
      probabilities: probabilities.map((value, index) => mix(before.probabilities[index], value)),
    };
    if (known !== undefined) state.known = mix(before.known ?? known, known);
    return state;
  };
}
