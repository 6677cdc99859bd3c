// What can be classified: video, image, canvas, ImageData, ImageBitmap and p5's objects; and how its pixels leave it.

import { PytrainError } from './errors.js';
import { describe } from './options.js';

/** @typedef {HTMLVideoElement | HTMLImageElement | HTMLCanvasElement | OffscreenCanvas | ImageBitmap | ImageData} Ready */

/** A p5 element keeps its DOM node in `elt`, a p5 image or graphics its canvas in `canvas`.
 * @typedef {Ready | {elt: HTMLElement} | {canvas: HTMLCanvasElement | OffscreenCanvas}} Source */

/**
 * @param {unknown} value
 * @param {string} type the name of a class that this browser may not have
 */
function isA(value, type) {
  const known = /** @type {any} */ (globalThis)[type];
  return known !== undefined && value instanceof known;
}

const TYPES = [
  'HTMLVideoElement',
  'HTMLImageElement',
  'HTMLCanvasElement',
  'OffscreenCanvas',
  'ImageBitmap',
  'ImageData',
];

/**
 * The thing itself inside what a sketch passes.
 * @param {any} source
 * @param {string} [caller] the function that was asked
 * @returns {Ready}
 */
export function unwrap(source, caller = 'classify') {
  for (const candidate of [source, source?.elt, source?.canvas]) {
    if (TYPES.some((type) => isA(candidate, type))) return candidate;
  }
  throw new PytrainError(
    `${caller} was given ${describe(source)}.`,
    'a video, image, canvas, ImageData, ImageBitmap, or a p5 capture, image or graphics',
    source === undefined || source === null
      ? 'Check that it exists before you classify it.'
      : 'Pass the element itself, for example document.querySelector("video").',
  );
}

/**
 * Waits until there is something to see: a video's first frame, an image's file.
 * @param {Ready} source
 * @returns {Promise<void>}
 */
export async function whenReady(source) {
  if (isA(source, 'HTMLVideoElement')) return videoFrame(/** @type {HTMLVideoElement} */ (source));
  if (isA(source, 'HTMLImageElement')) return imageFile(/** @type {HTMLImageElement} */ (source));
  const { width, height } = /** @type {ImageBitmap} */ (source);
  if (width < 1 || height < 1) {
    throw new PytrainError(
      `The picture to classify is ${width} x ${height} pixels.`,
      'at least 1 x 1',
      'Set its width and height, and do not classify a bitmap that was closed.',
    );
  }
}

/** @param {HTMLVideoElement} video */
function videoFrame(video) {
  const has = () => video.readyState >= 2 && video.videoWidth > 0;
  if (has()) return Promise.resolve();
  return /** @type {Promise<void>} */ (
    new Promise((resolve, reject) => {
      const events = ['loadeddata', 'resize', 'playing', 'error'];
      const check = () => {
        if (!has() && !video.error) return;
        for (const name of events) video.removeEventListener(name, check);
        if (video.error) {
          reject(
            new PytrainError(
              `The video cannot be played: ${video.error.message}.`,
              null,
              'Check its address.',
            ),
          );
        } else {
          resolve();
        }
      };
      for (const name of events) video.addEventListener(name, check);
      check();
    })
  );
}

/** @param {HTMLImageElement} image */
async function imageFile(image) {
  const broken = new PytrainError(
    `The image ${image.currentSrc || image.src || '(without src)'} cannot be read.`,
    'a picture that this browser can show',
    'Check its address, or choose another picture.',
  );
  if (!image.complete) {
    await new Promise((resolve) => {
      image.addEventListener('load', resolve, { once: true });
      image.addEventListener('error', resolve, { once: true });
    });
  }
  if (!image.naturalWidth) throw broken;
}

/**
 * Takes the frame that is there now, at its own size, in a form that can be transferred to a worker.
 * @param {Ready} source
 * @returns {Promise<ImageBitmap | {data: Uint8ClampedArray<ArrayBuffer>, width: number, height: number}>}
 */
export async function grab(source) {
  if (isA(source, 'ImageData')) return copyOf(/** @type {ImageData} */ (source));
  const picture = /** @type {Exclude<Ready, ImageData>} */ (source);
  try {
    return canDrawInWorker() ? await bitmapOf(picture) : readPixels(picture);
  } catch (error) {
    throw unreadable(error);
  }
}

/**
 * A picture of another site is refused on the way to the worker, or when its pixels are read.
 * @param {unknown} error
 */
export function unreadable(error) {
  const { name, message } = /** @type {Error} */ (error);
  const foreign = name === 'DataCloneError' || name === 'SecurityError';
  return new PytrainError(
    `The picture cannot be read: ${message.replace(/\.+$/, '')}.`,
    null,
    foreign
      ? 'A picture from another site needs crossOrigin="anonymous" and the permission of that site.'
      : 'Classify another picture; if this comes again, load the page again.',
  );
}

/**
 * A browser that is short of graphics memory, or has just lost its graphics card, gives no bitmap; a canvas it gives.
 * @param {Exclude<Ready, ImageData>} picture
 */
async function bitmapOf(picture) {
  try {
    return await createImageBitmap(picture);
  } catch {
    return readPixels(picture);
  }
}

/** @type {boolean | undefined} */
let drawsInWorker;

/** Safari before 16.4 has no 2D canvas in workers. */
function canDrawInWorker() {
  drawsInWorker ??=
    typeof createImageBitmap === 'function' &&
    typeof OffscreenCanvas !== 'undefined' &&
    new OffscreenCanvas(1, 1).getContext('2d') !== null;
  return drawsInWorker;
}

/** @type {CanvasRenderingContext2D | null} */
let context = null;

/** @param {Exclude<Ready, ImageData>} picture */
function readPixels(picture) {
  const { width, height } = sizeOf(picture);
  context ??= document.createElement('canvas').getContext('2d', { alpha: false, willReadFrequently: true });
  if (!context) throw new Error('this browser gives no 2D canvas');
  Object.assign(context.canvas, { width, height });
  context.fillStyle = 'white';
  context.fillRect(0, 0, width, height);
  context.drawImage(picture, 0, 0, width, height);
  return context.getImageData(0, 0, width, height);
}

/** @param {Exclude<Ready, ImageData>} picture */
function sizeOf(picture) {
  if ('videoWidth' in picture) return { width: picture.videoWidth, height: picture.videoHeight };
  if ('naturalWidth' in picture) return { width: picture.naturalWidth, height: picture.naturalHeight };
  return { width: picture.width, height: picture.height };
}

/** @param {ImageData} pixels */
function copyOf({ data, width, height }) {
  return { data: new Uint8ClampedArray(data), width, height };
}
