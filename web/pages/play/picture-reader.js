// A picture's file, decoded as it is, and a small square of it to know it by. Runs in a worker, or in the page.

import { decode } from '../../lib/decode.js';
import { cropSquare } from '../../lib/preprocess.js';
import { inspect, refusal, undecodable } from './picture-file.js';

/** Height and width of the small square, in pixels. */
const THUMBNAIL = 160;

/** @typedef {{picture: ImageBitmap | HTMLImageElement, thumbnail: Blob}} Read */

/**
 * @param {File} file
 * @returns {Promise<Read>}
 */
export async function readPicture(file) {
  const found = await inspect(file);
  const refused = refusal(file.name, found);
  if (refused) throw refused;
  let picture;
  try {
    picture = typeof document === 'undefined' ? await createImageBitmap(file) : await decode(file);
  } catch {
    throw undecodable(file.name, found);
  }
  return { picture, thumbnail: await thumbnail(picture) };
}

/** @param {ImageBitmap | HTMLImageElement} picture */
async function thumbnail(picture) {
  const { width, height } = picture;
  const { left, top, side } = cropSquare(width, height);
  const own = typeof document === 'undefined';
  const canvas = own
    ? new OffscreenCanvas(THUMBNAIL, THUMBNAIL)
    : Object.assign(document.createElement('canvas'), { width: THUMBNAIL, height: THUMBNAIL });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d', { alpha: false }));
  context.fillStyle = '#fff';
  context.fillRect(0, 0, THUMBNAIL, THUMBNAIL);
  context.imageSmoothingQuality = 'medium';
  context.drawImage(picture, left, top, side, side, 0, 0, THUMBNAIL, THUMBNAIL);
  if ('convertToBlob' in canvas) return canvas.convertToBlob({ type: 'image/jpeg', quality: 0.8 });
  return new Promise((resolve, reject) => {
    const done = (/** @type {Blob | null} */ blob) =>
      blob ? resolve(blob) : reject(new Error('no picture'));
    canvas.toBlob(done, 'image/jpeg', 0.8);
  });
}
