// A picture from a file: chosen, dropped anywhere on the page, or pasted.

import { decode } from '../lib/decode.js';
import { PytrainError } from '../lib/errors.js';

/** No picture needs more; a phone's 48 megapixels would only take memory. */
const LONGEST_SIDE = 4096;

/**
 * @param {HTMLInputElement} input
 * @param {HTMLElement} zone shows that a picture may be dropped
 * @param {(file: File) => void} onFile
 */
export function listenForPictures(input, zone, onFile) {
  const take = (/** @type {FileList | undefined | null} */ files) => {
    if (files?.length) onFile(files[0]);
  };
  input.addEventListener('change', () => {
    take(input.files);
    input.value = ''; // the same file again is a change too
  });
  document.addEventListener('paste', (event) => {
    if (event.clipboardData?.files.length) {
      event.preventDefault();
      take(event.clipboardData.files);
    }
  });
  document.addEventListener('dragover', (event) => {
    event.preventDefault();
    zone.classList.add('over');
  });
  document.addEventListener('dragleave', (event) => {
    if (event.relatedTarget === null) zone.classList.remove('over');
  });
  document.addEventListener('drop', (event) => {
    event.preventDefault();
    zone.classList.remove('over');
    take(event.dataTransfer?.files);
  });
}

/**
 * Draws a picture file, upright and on white, at its own size into a canvas.
 * @param {File} file
 * @param {HTMLCanvasElement} canvas
 */
export async function drawFile(file, canvas) {
  let bitmap;
  try {
    bitmap = await decode(file);
  } catch {
    throw new PytrainError(
      `${file.name || 'That'} is not a picture that this browser can show.`,
      'a JPEG, PNG, WebP, GIF or AVIF file',
      'Choose another file, or save it as JPEG first.',
    );
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
