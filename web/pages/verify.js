// The referee for `pytrain verify` in a browser: frames through the real library on one backend.

import { median } from '../lib/backend.js';
import { tfjsVersion } from '../lib/version.js';
import { imageClassifier } from '../pytrain.js';

/** @typedef {{width: number, height: number, rgb: string} | {url: string}} VerifyFrame rgb is base64, row by row */

/**
 * @param {{modelUrl: string, frames: VerifyFrame[], backend: any, repeat?: number}} job
 * @returns {Promise<{probabilities: number[][], milliseconds: number, backend: string, version: string}>}
 *   milliseconds: median over `repeat` runs of the first frame, in the worker; version: TensorFlow.js's
 */
async function pytrainVerify({ modelUrl, frames, backend, repeat = 10 }) {
  const classifier = await imageClassifier(modelUrl, { backend });
  try {
    const pictures = await Promise.all(frames.map(toImageData));
    const probabilities = [];
    for (const picture of pictures) {
      const results = await classifier.classify(picture);
      probabilities.push(
        classifier.labels.map((label) => Number(results.find((one) => one.label === label)?.confidence)),
      );
    }
    const times = [];
    for (let i = 0; i < repeat; i++) {
      await classifier.classify(pictures[0]);
      times.push(Number(classifier.timings.latest));
    }
    return { probabilities, milliseconds: median(times), backend: classifier.backend, version: tfjsVersion };
  } finally {
    classifier.dispose();
  }
}

/** @param {VerifyFrame} frame */
async function toImageData(frame) {
  if ('url' in frame) {
    const image = new Image();
    image.src = frame.url;
    await image.decode();
    const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
    const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext('2d'));
    context.drawImage(image, 0, 0);
    return context.getImageData(0, 0, canvas.width, canvas.height);
  }
  const rgb = Uint8Array.from(atob(frame.rgb), (character) => character.charCodeAt(0));
  const picture = new ImageData(frame.width, frame.height);
  for (let i = 0; i < frame.width * frame.height; i++) {
    picture.data.set([rgb[i * 3], rgb[i * 3 + 1], rgb[i * 3 + 2], 255], i * 4);
  }
  return picture;
}

/** @type {any} */ (window).pytrainVerify = pytrainVerify;
