// A picture to keep: the square that the model sees, as the page shows it, with the answer written below.

import { PytrainError } from '../../lib/errors.js';
import { cropSquare } from '../../lib/preprocess.js';
import { showMessage } from '../message.js';
import { save } from '../save.js';
import { PATHS } from '../shapes.js';
import { percent, words } from './answer.js';
import { stampHeat } from './heat-map.js';
import { stampMask } from './mask-view.js';
import { shown, state } from './state.js';

/** In pixels; a square picture, and a band below it. */
const SIDE = 1080;
const BAND = 300;
const MARGIN = 56;

const FONT = '"Bricolage Grotesque", system-ui, sans-serif';

/** Saves what is seen now as a PNG. */
export async function takeSnapshot() {
  const { results, model } = state;
  if (!results) return;
  const canvas = await drawSnapshot(shown(), results, model);
  /** @type {Blob | null} */
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, 'image/png'));
  if (blob) save(blob, `${fileName(results.answer)}.png`);
  else showMessage('snapshot', new PytrainError('The picture could not be made.', null, 'Try it again.'));
}

/**
 * @param {HTMLVideoElement | HTMLCanvasElement} source
 * @param {import('../../lib/results.js').Results} results
 * @param {string} model
 */
export async function drawSnapshot(source, results, model) {
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { width: SIDE, height: SIDE + BAND });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  drawPicture(context, source);
  await document.fonts.load(`700 100px ${FONT}`);
  const style = getComputedStyle(document.documentElement);
  const colour = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
  const known = !results.unknown;
  context.fillStyle = colour(known ? '--accent' : '--surface');
  context.fillRect(0, SIDE, SIDE, BAND);
  context.fillStyle = colour(known ? '--on-accent' : '--ink');
  drawAnswer(context, results, model);
  return canvas;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {HTMLVideoElement | HTMLCanvasElement} source
 */
function drawPicture(context, source) {
  const [width, height] =
    'videoWidth' in source ? [source.videoWidth, source.videoHeight] : [source.width, source.height];
  const { left, top, side } = cropSquare(width, height);
  context.save();
  if (source.classList.contains('mirrored')) context.setTransform(-1, 0, 0, 1, SIDE, 0);
  context.imageSmoothingQuality = 'high';
  context.drawImage(source, left, top, side, side, 0, 0, SIDE, SIDE);
  stampHeat(context, SIDE);
  stampMask(context, SIDE);
  context.restore();
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {import('../../lib/results.js').Results} results
 * @param {string} model
 */
function drawAnswer(context, results, model) {
  const [best] = results;
  const title = results.unknown ? 'Not sure' : words(best.label);
  const aside = results.unknown ? `Nearest: ${best.label.replaceAll('_', ' ')}` : percent(best.confidence);
  const path = results.unknown ? undefined : PATHS[best.label.toLowerCase()];
  const room = SIDE - 2 * MARGIN - (path ? 200 : 0);
  context.textBaseline = 'alphabetic';
  context.letterSpacing = '-0.045em';
  let size = 150;
  do {
    size -= 2;
    context.font = `700 ${size}px ${FONT}`;
  } while (context.measureText(title).width > room && size > 24);
  context.fillText(title, MARGIN, SIDE + 165, room);
  context.letterSpacing = '-0.01em';
  context.font = `500 44px ${FONT}`;
  context.fillText(aside, MARGIN, SIDE + BAND - MARGIN);
  context.font = `400 30px ${FONT}`;
  context.textAlign = 'right';
  context.fillText(model, SIDE - MARGIN, SIDE + BAND - MARGIN, 600);
  context.textAlign = 'left';
  if (!path) return;
  context.save();
  context.translate(SIDE - MARGIN - 150, SIDE + 46);
  context.scale(1.5, 1.5);
  context.fill(new Path2D(path));
  context.restore();
}

/** A name that every system takes. @param {string} answer */
function fileName(answer) {
  const time = new Date().toISOString().slice(0, 19).replace('T', ' ').replaceAll(':', '.');
  return `${answer.replace(/[\\/:*?"<>|\p{Cc}]/gu, '').slice(0, 60) || 'snapshot'} ${time}`;
}
