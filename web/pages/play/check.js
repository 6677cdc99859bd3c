// The self-check on load: does this browser give Python's answer? If not, a warning with both answers.

import { differenceOf, FIRST, MAX_DIFFERENCE } from '../../lib/backend.js';
import { PytrainError } from '../../lib/errors.js';
import { clearMessage, showMessage } from '../message.js';
import { words } from './answer.js';
import { showCheck } from './facts.js';
import { state } from './state.js';

/** So many golden frames tell enough; more would only take time from the camera. */
const FRAMES = 2;

/**
 * @param {import('../../pytrain.js').ImageClassifier} classifier
 * @param {(backend: string) => void} useBackend
 */
export async function checkModel(classifier, useBackend) {
  showCheck(null);
  let check;
  try {
    check = await classifier.check(FRAMES);
  } catch (error) {
    // Whoever asks for an answer next is told; here only that nothing was compared.
    check = { maxDifference: null, frames: 0, same: null, why: String(error) };
  }
  if (state.classifier !== classifier) return;
  showCheck(check);
  clearMessage('check');
  if (check.same !== false || !check.worst) return;
  const { backend } = classifier;
  const action = { label: `Use ${FIRST}`, run: () => useBackend(FIRST) };
  showMessage(
    'check',
    new PytrainError(
      `On ${backend} this model does not answer as in Python: a test picture ${bothAnswers(classifier.labels, check.worst)}.`,
      null,
      backend === FIRST
        ? 'Export the model again, or copy its whole folder again.'
        : `This device may count less exactly on ${backend}. Use ${FIRST} instead.`,
    ),
    backend === FIRST ? undefined : action,
  );
}

/**
 * The most probable class of each; where both name the same one, that whose probability differs most; where none
 * does, how familiar the picture is.
 * @param {readonly string[]} labels
 * @param {NonNullable<import('../../lib/golden.js').Check['worst']>} answers
 */
function bothAnswers(labels, { python, here, known }) {
  const share = (/** @type {number} */ value) => `${(100 * value).toFixed(1)} %`;
  if (known && differenceOf({ probabilities: python }, { probabilities: here }) <= MAX_DIFFERENCE) {
    return `is familiar to ${share(known.here)} here, ${share(known.python)} there`;
  }
  const greatest = (/** @type {number[]} */ values) => values.indexOf(Math.max(...values));
  let [there, now] = [greatest(python), greatest(here)];
  if (there === now) there = now = greatest(python.map((value, index) => Math.abs(value - here[index])));
  if (now < 0) return 'gets no numbers';
  const said = (/** @type {number} */ at, /** @type {number[]} */ from) =>
    `${words(labels[at])} ${share(from[at])}`;
  return `is ${said(now, here)} here, ${said(there, python)} there`;
}
