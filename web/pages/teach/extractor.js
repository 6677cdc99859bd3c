// The network that Teach learns with, loaded once, looking at pictures in the background as they come.

import { BACKBONE } from '../../lib/studio/backbone.js';
import { keepEmbedded } from '../../lib/studio/trainer.js';
import { featureExtractor } from '../../pytrain.js';
import { showMessage } from '../message.js';
import { showStatus } from '../status.js';
import { on, studio } from './studio.js';

/** @typedef {import('../load-bar.js').Loaded} Loaded */

/** @type {Promise<import('../../pytrain.js').FeatureExtractor> | null} */
let opening = null;
/** How far it is. @type {Loaded | null} */
let loaded = null;
/** Whoever waits for it. @type {Set<(progress: Loaded) => void>} */
const waiting = new Set();
/** The project whose pictures are looked at, and how to end that. */
let followed = /** @type {{project: import('./studio.js').Project, end: () => void} | null} */ (null);

/** @param {(progress: Loaded) => void} [onProgress] whoever else began the load */
export async function extractor(onProgress = () => {}) {
  opening ??= open();
  waiting.add(onProgress);
  if (loaded) onProgress(loaded);
  try {
    return await opening;
  } finally {
    waiting.delete(onProgress);
  }
}

function open() {
  /** Whoever trains next loads it anew. */
  const forget = () => {
    opening = loaded = null;
  };
  return featureExtractor(BACKBONE, {
    onProgress: (progress) => {
      loaded = progress;
      for (const tell of waiting) tell(progress);
    },
    onStatus: ({ text }) => showStatus(text),
    onError: (error) => {
      forget();
      showMessage('network', error);
    },
  }).catch((error) => {
    forget();
    throw error;
  });
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
