// Classification against segmentation: the same picture twice, where the answer comes from beside what is where.

import { cropSquare } from '../../lib/preprocess.js';
import { byId } from '../dom.js';
import { givesMask } from '../gives.js';
import { listAreas, paintMask } from '../mask.js';
import { surface } from '../play/surface.js';
import { network, words } from './network.js';
import { paint } from './paint.js';

/** The model that is offered where the one in use gives no mask. */
const OFFERED = 'shape-masks';

/** Pixels each way of the two pictures, and of a heat map that lies over one. */
const SIDE = 448;
const SMOOTH = 128;

const models = byId('models', HTMLSelectElement);
const still = document.createElement('canvas');
const over = document.createElement('canvas');

/** Says whether the network in use gives both. */
export function offerVersus() {
  const { classifier } = network;
  const cannot = classifier !== null && !givesMask(classifier);
  byId('versus').hidden = cannot;
  byId('versus-none').hidden = !cannot;
  byId('versus-use').hidden = ![...models.options].some(({ value }) => value === OFFERED);
  showAnswer(null);
}

/**
 * @param {HTMLVideoElement | HTMLCanvasElement} element
 */
export async function runVersus(element) {
  const { classifier } = network;
  if (!classifier || !givesMask(classifier)) return;
  // What is shown is what was asked about, however long the answer took.
  hold(element);
  Object.assign(classifier, { heatMap: true, mask: true });
  const results = await classifier.classify(still);
  if (classifier !== network.classifier) return;
  showAnswer(results);
  const { heatMap, mask } = results;
  if (heatMap) {
    const values = surface(heatMap.values, heatMap.width, heatMap.height, SMOOTH);
    paint(over, { width: SMOOTH, height: SMOOTH, values }, [0, 1], true);
  }
  show('versus-heat', heatMap);
  if (mask) {
    paintMask(over, mask);
    listAreas(byId('versus-areas'), mask);
  }
  show('versus-mask', mask);
}

/** Keeps the square that the network sees, pixel for pixel. @param {HTMLVideoElement | HTMLCanvasElement} element */
function hold(element) {
  const [width, height] =
    'videoWidth' in element ? [element.videoWidth, element.videoHeight] : [element.width, element.height];
  const { left, top, side } = cropSquare(width, height);
  if (still.width !== side || still.height !== side) Object.assign(still, { width: side, height: side });
  const context = /** @type {CanvasRenderingContext2D} */ (still.getContext('2d'));
  context.fillStyle = 'white';
  context.fillRect(0, 0, side, side);
  context.drawImage(element, -left, -top);
}

/** @param {string} id @param {unknown} laid whether what was painted last belongs over the picture */
function show(id, laid) {
  const context = /** @type {CanvasRenderingContext2D} */ (byId(id, HTMLCanvasElement).getContext('2d'));
  context.imageSmoothingQuality = 'high';
  context.drawImage(still, 0, 0, SIDE, SIDE);
  if (laid) context.drawImage(over, 0, 0, SIDE, SIDE);
}

/** @param {import('../../lib/results.js').Results | null} results */
function showAnswer(results) {
  const { said, sure } = words(results);
  byId('versus-answer').textContent = said;
  byId('versus-sure').textContent = sure;
  if (results) return;
  byId('versus-areas').replaceChildren();
  for (const id of ['versus-heat', 'versus-mask']) {
    byId(id, HTMLCanvasElement).getContext('2d')?.clearRect(0, 0, SIDE, SIDE);
  }
}

byId('versus-use').addEventListener('click', () => {
  models.value = OFFERED;
  models.dispatchEvent(new Event('change'));
  models.focus();
});
