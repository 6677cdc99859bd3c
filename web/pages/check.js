// The self-check on load: does this browser give Python's answer? If not, a warning with both answers.

import { FIRST, MAX_DIFFERENCE } from '../lib/backend.js';
import { PytrainError } from '../lib/errors.js';
import { percent, words } from './answer.js';
import { showCheck } from './facts.js';
import { clearMessage, showMessage } from './message.js';
import { state } from './state.js';

/** So many golden frames tell enough; more would only take time from the camera. */
const FRAMES = 2;

/**
 * @param {import('../pytrain.js').ImageClassifier} classifier
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
  const { python, here } = check.worst;
  const action = { label: `Use ${FIRST}`, run: () => useBackend(FIRST) };
  showMessage(
    'check',
    new PytrainError(
      `On ${backend} this model does not answer as it does in Python.`,
      `${best(classifier.labels, python)}, as in Python; here it is ${best(classifier.labels, here)}. ` +
        `A difference of ${MAX_DIFFERENCE} is allowed.`,
      backend === FIRST
        ? 'Export the model again, or copy its whole folder again.'
        : `This device may count less exactly on ${backend}. Use ${FIRST} instead.`,
    ),
    backend === FIRST ? undefined : action,
  );
}

/**
 * @param {readonly string[]} labels
 * @param {number[]} probabilities
 */
function best(labels, probabilities) {
  const at = probabilities.indexOf(Math.max(...probabilities));
  return at < 0 ? 'no number' : `${words(labels[at])} ${percent(probabilities[at])}`;
}
