// What the model in use can say besides its answer: only its graph has the outputs for it.

/** @typedef {import('../pytrain.js').ImageClassifier | null} Classifier */

/** Where it looks. @param {Classifier} classifier */
export function givesHeat(classifier) {
  return Boolean(classifier?.metadata.pytrain.outputs?.class_activation) && classifier?.format === 'graph';
}

/** What is where. @param {Classifier} classifier */
export function givesMask(classifier) {
  return Array.isArray(classifier?.metadata.pytrain.outputs?.mask?.labels) && classifier?.format === 'graph';
}
