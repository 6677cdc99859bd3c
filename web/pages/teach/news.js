// What a model does not know yet of its project: pictures that came later, classes that changed.

import { UNKNOWN } from '../../lib/studio/names.js';

/** @typedef {import('./studio.js').Project} Project */
/** @typedef {import('./studio.js').Trained} Trained */

/**
 * @param {Project} project
 * @param {Trained | null} model
 * @returns {string} a sentence, or '' where there is nothing new or nobody knows
 */
export function newsFor(project, model) {
  if (!model?.made) return '';
  const named = project.classes.filter(({ name }) => name !== UNKNOWN);
  const filled = named.filter(({ id }) => project.images(id).length > 0).map(({ name }) => name);
  const unheard = filled.filter((name) => !model.labels.includes(name));
  if (unheard.length) return `It has not heard of ${unheard.join(', ')} yet.`;
  if (model.labels.some((label) => !filled.includes(label)))
    return 'It knows a class that is not here any more.';
  const since = model.made.getTime();
  const pictures = project.classes.reduce(
    (sum, { id }) => sum + project.images(id).filter(({ time }) => time > since).length,
    0,
  );
  if (pictures === 0) return '';
  return pictures === 1
    ? '1 picture is newer than what it has learned.'
    : `${pictures.toLocaleString('en')} pictures are newer than what it has learned.`;
}
