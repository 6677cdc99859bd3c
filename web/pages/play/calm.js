// Smoothing: how much of the frames before stays in a moving picture's answer. A slider sets it while it runs.

import { smoother, toResults } from '../../lib/results.js';
import { byId } from '../dom.js';
import { keep, kept } from '../kept.js';
import { state } from './state.js';

const KEY = 'pytrain.smoothing';
const slider = byId('smoothing', HTMLInputElement);

/** @type {ReturnType<typeof smoother>} */
let smooth;

/** Forgets the frames before: what comes next has nothing to do with them. */
export function startCalm() {
  smooth = smoother(amount());
}

/** 0 keeps every frame as it is; at 0.95 it takes some 20 frames to change its mind. */
export function amount() {
  return Number(slider.value);
}

/**
 * @param {import('../../lib/results.js').Results} results of one frame, all labels
 * @param {{labels: readonly string[], unknown: {score: any, threshold: number}}} model
 * @returns {import('../../lib/results.js').Results}
 */
export function calm(results, { labels, unknown }) {
  const confidence = new Map(results.map((result) => [result.label, result.confidence]));
  const probabilities = Float32Array.from(labels, (label) => Number(confidence.get(label)));
  const answer = smooth({ probabilities, known: results.known });
  return Object.assign(toResults(answer, labels, unknown), { heatMap: results.heatMap, mask: results.mask });
}

/**
 * The values of a map, mixed with those on show; a picture is not moving, and is shown as it is.
 * @param {Float32Array} values
 * @param {Float32Array | null} before
 */
export function calmed(values, before) {
  const keep = before?.length === values.length && state.source !== 'picture' ? amount() : 0;
  return values.map((value, index) => value * (1 - keep) + keep * Number(before?.[index] ?? 0));
}

function showAmount() {
  const percent = Math.round(amount() * 100);
  slider.setAttribute('aria-valuetext', percent ? `${percent} % of the frames before` : 'none');
}

slider.value = kept(KEY) ?? slider.defaultValue;
showAmount();
startCalm();
slider.addEventListener('input', () => {
  keep(KEY, slider.value);
  showAmount();
  startCalm();
});
