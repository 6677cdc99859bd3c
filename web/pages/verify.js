// The referee for `pytrain verify` in a browser: pictures through the real library on one backend.

import { median } from '../lib/backend.js';
import { decode } from '../lib/decode.js';
import { tfjsVersion } from '../lib/version.js';
import { imageClassifier } from '../pytrain.js';

/** Timing the first picture again stops after so many milliseconds; the others are timed anyway. */
const LONGEST_TIMING = 300;

/**
 * @param {{modelUrl: string, pictures: string[], format: any, backend: any, repeat?: number}} job
 *   pictures: their addresses; they take the way of a picture that is dropped on the page, and are timed on it
 * @returns {Promise<{probabilities: number[][], known: (number | undefined)[], mask: number[][], milliseconds: number,
 *   version: string}>} known, mask: where the model gives them; milliseconds: of an answer with all that, in the worker,
 *   median over the pictures and, up to `repeat` runs, the first of them again; version: TensorFlow.js's
 */
async function pytrainVerify({ modelUrl, pictures, format, backend, repeat = 10 }) {
  const classifier = await imageClassifier(modelUrl, { format, backend, mask: true });
  try {
    const images = await Promise.all(
      pictures.map(async (address) => decode(await (await fetch(address)).blob())),
    );
    const probabilities = [];
    const known = [];
    const mask = [];
    const times = [];
    for (const image of images) {
      const results = await classifier.classify(image);
      probabilities.push(
        classifier.labels.map((label) => Number(results.find((one) => one.label === label)?.confidence)),
      );
      known.push(results.known);
      if (results.mask) mask.push([...results.mask.values]);
      times.push(Number(classifier.timings.latest));
    }
    const begin = performance.now();
    while (times.length < repeat && performance.now() - begin < LONGEST_TIMING) {
      await classifier.classify(images[0]);
      times.push(Number(classifier.timings.latest));
    }
    return { probabilities, known, mask, milliseconds: median(times), version: tfjsVersion };
  } finally {
    classifier.dispose();
  }
}

/** @type {any} */ (window).pytrainVerify = pytrainVerify;
