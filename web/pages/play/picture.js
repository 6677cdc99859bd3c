// A picture from a file, upright and on white, in the page's canvas.

import { decode } from '../../lib/decode.js';
import { inspect, refusal, undecodable } from './picture-file.js';

/** No picture needs more; a phone's 48 megapixels would only take memory. */
const LONGEST_SIDE = 4096;

/**
 * Draws a picture file, upright and on white, at its own size into a canvas.
 * @param {File} file
 * @param {HTMLCanvasElement} canvas
 */
export async function drawFile(file, canvas) {
  const found = await inspect(file);
  const refused = refusal(file.name, found);
  if (refused) throw refused;
  let bitmap;
  try {
    bitmap = await decode(file);
  } catch {
    throw undecodable(file.name, found);
  }
  const shrink = Math.min(1, LONGEST_SIDE / Math.max(bitmap.width, bitmap.height));
  canvas.width = Math.max(1, Math.round(bitmap.width * shrink));
  canvas.height = Math.max(1, Math.round(bitmap.height * shrink));
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d', { alpha: false }));
  context.fillStyle = '#fff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  canvas.hidden = false;
}
