// A bundle's golden frames: pictures, and the probabilities that Python gave for them.

import { MAX_DIFFERENCE } from './backend.js';
import { decode } from './decode.js';
import { PytrainError } from './errors.js';

/**
 * @typedef {{file: string, probabilities: number[]}} Golden
 *
 * What a comparison with Python found. `same` is null, and `why` says why, where nothing could be compared.
 * @typedef {object} Check
 * @property {number | null} maxDifference greatest difference of any probability
 * @property {number} frames how many pictures were compared
 * @property {boolean | null} same maxDifference is at most 0.001
 * @property {string} [why] why nothing could be compared
 * @property {{file: string, python: number[], here: number[]}} [worst] the picture that differs most, and both answers
 */

/**
 * @param {import('./contract.js').Reader} reader
 * @param {number} classes
 * @returns {Promise<Golden[]>}
 */
export async function readGolden(reader, classes) {
  const text = await reader.text('golden/golden.json');
  /** @type {any[]} */
  let frames;
  try {
    ({ frames } = JSON.parse(text));
  } catch {
    frames = [{}];
  }
  const whole =
    Array.isArray(frames) &&
    frames.every(({ file, probabilities }) => typeof file === 'string' && probabilities?.length === classes);
  if (!whole) {
    throw new PytrainError(
      `${reader.name}: golden/golden.json is damaged.`,
      `files, each with ${classes} probabilities`,
      'Export the model again.',
    );
  }
  if (frames.length === 0) throw new PytrainError(`${reader.name} has no golden frames.`);
  return frames.map(({ file, probabilities }) => ({ file: `golden/${file}`, probabilities }));
}

/**
 * @param {Golden[]} golden
 * @param {(file: string) => Promise<ArrayLike<number>>} classify
 * @returns {Promise<Check>}
 */
export async function compare(golden, classify) {
  let maxDifference = -1;
  /** @type {Check['worst']} */
  let worst;
  for (const { file, probabilities } of golden) {
    const here = Array.from(await classify(file));
    const difference = Math.max(...probabilities.map((value, index) => Math.abs(value - here[index])));
    // "not smaller" lets NaN be the greatest.
    if (!(difference <= maxDifference) && !Number.isNaN(maxDifference)) {
      maxDifference = difference;
      worst = { file, python: probabilities, here };
    }
  }
  return { maxDifference, frames: golden.length, same: maxDifference <= MAX_DIFFERENCE, worst };
}

/**
 * @param {string} url
 * @returns {Promise<HTMLImageElement>} decoded as a picture that is dropped on the page
 */
export async function fetchPicture(url) {
  const response = await fetch(url);
  if (!response.ok) throw new PytrainError(`${url} cannot be read: the server answered ${response.status}.`);
  return decode(await response.blob());
}
