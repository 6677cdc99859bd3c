// A bundle's golden frames: pictures, and what Python answered to them.

import { differenceOf, MAX_DIFFERENCE } from './backend.js';
import { decode } from './decode.js';
import { PytrainError } from './errors.js';

/**
 * @typedef {{file: string, probabilities: number[], known?: number}} Golden
 *
 * What a comparison with Python found. `same` is null, and `why` says why, where nothing could be compared.
 * @typedef {object} Check
 * @property {number | null} maxDifference greatest difference of any probability, and of `known`
 * @property {number} frames how many pictures were compared
 * @property {boolean | null} same maxDifference is at most 0.001
 * @property {string} [why] why nothing could be compared
 * @property {{file: string, python: number[], here: number[], known?: {python: number, here: number}}} [worst]
 *   the picture that differs most, and both answers
 */

/**
 * @param {import('./contract.js').Reader} reader
 * @param {number} classes
 * @param {boolean} hasKnown the model gives `known`, so that Python wrote it down, too
 * @returns {Promise<Golden[]>}
 */
export async function readGolden(reader, classes, hasKnown) {
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
    frames.every(
      ({ file, probabilities, known }) =>
        typeof file === 'string' &&
        probabilities?.length === classes &&
        (!hasKnown || typeof known === 'number'),
    );
  if (!whole) {
    throw new PytrainError(
      `${reader.name}: golden/golden.json is damaged.`,
      `files, each with ${classes} probabilities`,
      'Export the model again.',
    );
  }
  if (frames.length === 0) throw new PytrainError(`${reader.name} has no golden frames.`);
  return frames.map(({ file, probabilities, known }) => ({
    file: `golden/${file}`,
    probabilities,
    ...(hasKnown && { known }),
  }));
}

/**
 * @param {Golden[]} golden
 * @param {(file: string) => Promise<{probabilities: ArrayLike<number>, known?: number}>} classify
 * @returns {Promise<Check>}
 */
export async function compare(golden, classify) {
  let maxDifference = -1;
  /** @type {Check['worst']} */
  let worst;
  for (const { file, ...python } of golden) {
    const answer = await classify(file);
    const difference = differenceOf(python, answer);
    // "not smaller" lets NaN be the greatest.
    if (!(difference <= maxDifference) && !Number.isNaN(maxDifference)) {
      maxDifference = difference;
      worst = { file, python: python.probabilities, here: Array.from(answer.probabilities) };
      if (python.known !== undefined) {
        worst.known = { python: python.known, here: Number(answer.known) };
      }
    }
  }
  return { maxDifference, frames: golden.length, same: maxDifference <= MAX_DIFFERENCE, worst };
}

/**
 * @param {import('./contract.js').Reader} reader
 * @param {string} file
 * @returns {Promise<HTMLImageElement>} decoded as a picture that is dropped on the page
 */
export async function readPicture(reader, file) {
  return decode(new Blob([await reader.bytes(file, () => {})]));
}
