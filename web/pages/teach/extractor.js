// The network that Teach learns with, loaded once, looking at pictures in the background as they come.

import { BACKBONE } from '../../lib/studio/backbone.js';
import { keepEmbedded } from '../../lib/studio/trainer.js';
import { featureExtractor } from '../../pytrain.js';
import { on, studio } from './studio.js';

/** @type {Promise<import('../../pytrain.js').FeatureExtractor> | null} */
let opening = null;
/** The project whose pictures are looked at, and how to end that. */
let followed = /** @type {{project: import('./studio.js').Project, end: () => void} | null} */ (null);

/** @param {(progress: {loaded: number, total: number}) => void} [onProgress] of the first load */
export function extractor(onProgress) {
  opening ??= featureExtractor(BACKBONE, { onProgress }).catch((error) => {
    opening = null;
    throw error;
  });
  return opening;
}

/** Begins as soon as there is a picture; what fails is told when somebody trains. */
async function follow() {
  const { project } = studio;
  if (!project || followed?.project === project || project.counts().total === 0) return;
  followed?.end();
  const mine = { project, end: () => {} };
  followed = mine;
  try {
    const end = await keepEmbedded(project, await extractor(), { onError: () => {} });
    if (followed === mine) mine.end = end;
    else end();
  } catch {
    // Not again and again: whoever trains is told.
  }
}

on('classes', follow);
