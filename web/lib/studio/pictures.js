// The pictures of a project: what comes from a camera or a file becomes a square JPEG, or is refused with the reason.

import { decode } from '../decode.js';
import { PytrainError } from '../errors.js';
import { inTurns } from '../in-turn.js';
import { cropSquare } from '../preprocess.js';

/** Pixels across and down: more than any model sees, and small enough for thousands. */
export const SIDE = 320;

const TYPE = 'image/jpeg';
const QUALITY = 0.92;

/** A larger picture would take hundreds of megabytes to read. */
const MOST_PIXELS = 50e6;

/** Pictures with more pixels than this are read one after the other: each takes four bytes of memory for every pixel. */
const LARGE_PIXELS = 8e6;

const inTurn = inTurns();

/** A square is cut out no larger than this, across and down: iOS gives a canvas 16.7 million pixels in all. */
const MOST_CUT = 1280;

/** Across and down, in which two pictures are compared. */
export const LOOK_SIDE = 16;

/** The beginning of a file in which its size is told; photographs put their thumbnails before it. */
const HEAD_BYTES = 512 * 1024;

/**
 * A picture as a project keeps it.
 * @typedef {object} Picture
 * @property {ArrayBuffer} bytes a JPEG, SIDE x SIDE
 * @property {Uint8Array} look LOOK_SIDE x LOOK_SIDE shades of grey
 */

/** What was made here, and need not be read again to be kept. @type {WeakMap<Blob, Uint8Array>} */
const ours = new WeakMap();

/**
 * The centre square of a frame.
 * @param {HTMLVideoElement | HTMLImageElement | HTMLCanvasElement | OffscreenCanvas | ImageBitmap} source
 * @returns {Promise<Blob>}
 */
export async function fromFrame(source) {
  const { width, height } = sizeOf(source);
  const context = squareOf(source, width, height);
  const blob = await encode(context.canvas);
  ours.set(blob, lookOf(context.canvas));
  return blob;
}

/**
 * A file or blob that somebody brought, read and checked.
 * @param {Blob & {name?: string}} file
 * @param {string} [name] what to call it in an error
 * @returns {Promise<Blob>} the same where it is such a picture already
 */
export async function fromFile(file, name = file.name ?? 'The picture') {
  if (ours.has(file)) return file;
  const head = new Uint8Array(await read(file.slice(0, HEAD_BYTES), name));
  const size = dimensions(head);
  const pixels = size ? size.width * size.height : Number.POSITIVE_INFINITY;
  if (size && pixels > MOST_PIXELS) throw tooLarge(name, size.width, size.height);
  const cut = () => squareIn(file, name);
  const { context, whole } = await (pixels > LARGE_PIXELS ? inTurn(cut) : cut());
  const look = lookOf(context.canvas);
  const kept = size?.type === TYPE && whole;
  const blob = kept ? new Blob([file], { type: TYPE }) : await encode(context.canvas);
  ours.set(blob, look);
  return blob;
}

/**
 * @param {Blob} file
 * @param {string} name
 * @returns {Promise<{context: CanvasRenderingContext2D, whole: boolean}>} whole: it is of that size already
 */
async function squareIn(file, name) {
  const image = await shown(file, name);
  const { naturalWidth: width, naturalHeight: height } = image;
  if (width * height > MOST_PIXELS) throw tooLarge(name, width, height);
  return { context: squareOf(image, width, height), whole: width === SIDE && height === SIDE };
}

/**
 * @param {Blob & {name?: string}} blob
 * @returns {Promise<Picture>}
 */
export async function toPicture(blob) {
  const own = await fromFile(blob);
  return { bytes: await own.arrayBuffer(), look: /** @type {Uint8Array} */ (ours.get(own)) };
}

/** @param {ArrayBuffer} bytes */
export function toBlob(bytes) {
  return new Blob([bytes], { type: TYPE });
}

/**
 * The size that a picture's file tells, so that nobody unpacks a monster to find out.
 * @param {Uint8Array} bytes the beginning of the file
 * @returns {{type: string, width: number, height: number} | null} null where it is told nowhere that we know
 */
export function dimensions(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = (/** @type {number} */ at, /** @type {number} */ length) =>
    String.fromCharCode(...bytes.subarray(at, at + length));
  try {
    if (text(0, 4) === '\x89PNG') {
      return { type: 'image/png', width: view.getUint32(16), height: view.getUint32(20) };
    }
    if (text(0, 4) === 'GIF8') {
      return { type: 'image/gif', width: view.getUint16(6, true), height: view.getUint16(8, true) };
    }
    if (text(0, 2) === 'BM' && view.getUint32(6, true) === 0) {
      const [width, height] = [view.getInt32(18, true), Math.abs(view.getInt32(22, true))];
      return { type: 'image/bmp', width, height };
    }
    if (text(0, 4) === 'RIFF' && text(8, 4) === 'WEBP') return webpSize(view, text(12, 4));
    if (text(4, 4) === 'ftyp') return isobmffSize(view, text);
    if (view.getUint16(0) === 0xffd8) return jpegSize(view);
  } catch {
    // Cut off before its size is told.
  }
  return null;
}

/**
 * @param {DataView} view
 * @param {string} chunk
 */
function webpSize(view, chunk) {
  const type = 'image/webp';
  if (chunk === 'VP8X') {
    const three = (/** @type {number} */ at) => view.getUint16(at, true) + (view.getUint8(at + 2) << 16);
    return { type, width: three(24) + 1, height: three(27) + 1 };
  }
  if (chunk === 'VP8L') {
    const bits = view.getUint32(21, true);
    return { type, width: (bits & 0x3fff) + 1, height: ((bits >> 14) & 0x3fff) + 1 };
  }
  return { type, width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
}

/**
 * HEIC and AVIF: the greatest of the sizes that their boxes `ispe` tell, for thumbnails and tiles have some, too.
 * @param {DataView} view
 * @param {(at: number, length: number) => string} text
 */
function isobmffSize(view, text) {
  let found = null;
  for (let at = 0; at + 16 <= view.byteLength; at++) {
    if (view.getUint8(at) !== 0x69 || text(at, 4) !== 'ispe') continue;
    const [width, height] = [view.getUint32(at + 8), view.getUint32(at + 12)];
    if (!found || width * height > found.width * found.height) found = { type: 'image/avif', width, height };
  }
  return found;
}

/** @param {DataView} view */
function jpegSize(view) {
  for (let at = 2; ; ) {
    const marker = view.getUint16(at);
    // SOF0 to SOF15, which are not Huffman tables, reserved, or arithmetic coding.
    const isFrame = marker >= 0xffc0 && marker <= 0xffcf && ![0xffc4, 0xffc8, 0xffcc].includes(marker);
    if (isFrame) return { type: TYPE, width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
    if (marker >> 8 !== 0xff) return null;
    at += marker === 0xffff ? 1 : 2 + view.getUint16(at + 2);
  }
}

/**
 * @param {Blob} file
 * @param {string} name
 */
async function shown(file, name) {
  try {
    const image = await decode(file);
    if (image.naturalWidth && image.naturalHeight) return image;
  } catch {
    // Said below.
  }
  throw new PytrainError(
    `${name} is no picture that this browser can read.`,
    'a JPEG, PNG or WebP picture that is whole',
    'Save it as JPEG or PNG and add it again, or leave it out.',
  );
}

/**
 * @param {Blob} blob
 * @param {string} name
 */
async function read(blob, name) {
  try {
    return await blob.arrayBuffer();
  } catch {
    throw new PytrainError(
      `${name} cannot be read any more.`,
      'a file that is still where it was',
      'Check that it was not moved or deleted, and add it again.',
    );
  }
}

/**
 * @param {string} name
 * @param {number} width
 * @param {number} height
 */
function tooLarge(name, width, height) {
  return new PytrainError(
    `${name} has ${width.toLocaleString('en')} x ${height.toLocaleString('en')} pixels.`,
    `at most ${MOST_PIXELS / 1e6} million`,
    'Make it smaller and add it again; a model sees 224 x 224 of it.',
  );
}

/** @param {any} source */
function sizeOf(source) {
  const width = source.videoWidth ?? source.naturalWidth ?? source.width;
  const height = source.videoHeight ?? source.naturalHeight ?? source.height;
  if (width >= 1 && height >= 1) return { width, height };
  throw new PytrainError(
    `The frame to keep is ${width} x ${height} pixels.`,
    'at least 1 x 1',
    'Wait until the camera shows something.',
  );
}

/**
 * @param {CanvasImageSource} source
 * @param {number} width
 * @param {number} height
 */
function squareOf(source, width, height) {
  const { left, top, side } = cropSquare(width, height);
  // Cut out first: a browser that scales well lets what lies beside the square shine into its edges.
  const most = Math.min(side, MOST_CUT);
  const cut = canvasOf(most);
  cut.drawImage(source, left, top, side, side, 0, 0, most, most);
  if (most === SIDE) return cut;
  const context = canvasOf(SIDE);
  context.drawImage(cut.canvas, 0, 0, SIDE, SIDE);
  return context;
}

/** @param {CanvasImageSource} square */
function lookOf(square) {
  const context = canvasOf(LOOK_SIDE);
  context.drawImage(square, 0, 0, LOOK_SIDE, LOOK_SIDE);
  const { data } = context.getImageData(0, 0, LOOK_SIDE, LOOK_SIDE);
  // Rec. 601, as everybody's grey.
  return Uint8Array.from({ length: LOOK_SIDE * LOOK_SIDE }, (_, at) =>
    Math.round(0.299 * data[4 * at] + 0.587 * data[4 * at + 1] + 0.114 * data[4 * at + 2]),
  );
}

/** @param {number} side */
function canvasOf(side) {
  const canvas = document.createElement('canvas');
  canvas.width = side;
  canvas.height = side;
  const context = canvas.getContext('2d', { alpha: false, willReadFrequently: true });
  if (!context)
    throw new PytrainError('This browser gives no 2D canvas.', null, 'Close some tabs and try again.');
  context.imageSmoothingQuality = 'high';
  context.fillStyle = 'white';
  context.fillRect(0, 0, side, side);
  return context;
}

/**
 * @param {HTMLCanvasElement} canvas
 * @returns {Promise<Blob>}
 */
function encode(canvas) {
  return new Promise((resolve, reject) => {
    canvas.toBlob(
      (blob) =>
        blob
          ? resolve(blob)
          : reject(
              new PytrainError(
                'The picture could not be kept as a JPEG.',
                null,
                'Close some tabs and try again.',
              ),
            ),
      TYPE,
      QUALITY,
    );
  });
}
