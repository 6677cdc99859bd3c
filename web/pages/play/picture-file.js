// What a file really is, by its first bytes, and how many pixels its picture has: known before anything is decoded.

import { PytrainError } from '../../lib/errors.js';
import { dimensions } from '../../lib/studio/pictures.js';

/** A phone's largest; decoded it takes four bytes a pixel. */
export const MOST_PIXELS = 50e6;

/** Photographs carry previews and colour profiles before their size; it stands within so many bytes. */
const HEAD = 1 << 19;

const WANTED = 'a JPEG, PNG, WebP, GIF or AVIF file';
const SAVE_AS_JPEG = 'Choose another file, or save it as JPEG first.';

/** @typedef {'jpeg' | 'png' | 'gif' | 'webp' | 'bmp' | 'avif' | 'heic' | 'tiff' | 'svg'} PictureKind */
/** @typedef {{kind: PictureKind | 'other', called: string, width?: number, height?: number}} Inspected */

/** How files of pictures begin, in hexadecimal, and what people call them. @type {[RegExp, PictureKind, string][]} */
const PICTURES = [
  [/^ffd8ff/, 'jpeg', 'a JPEG'],
  [/^89504e47/, 'png', 'a PNG'],
  [/^47494638/, 'gif', 'a GIF'],
  [/^52494646.{8}57454250/, 'webp', 'a WebP'],
  [/^424d/, 'bmp', 'a bitmap'],
  [/^.{8}66747970617669(66|73)/, 'avif', 'an AVIF'],
  [/^.{8}66747970(686569|686576|6d696631|6d736631)/, 'heic', 'a HEIC photograph'],
  [/^(49492a00|4d4d002a)/, 'tiff', 'a TIFF or raw photograph'],
];

/** Begins like a text. */
const PDF = /^25504446/;

/** How other files begin, in hexadecimal. @type {[RegExp, string][]} */
const OTHERS = [
  [/^504b0304/, 'a ZIP archive'],
  [/^(52617221|377abcaf|1f8b)/, 'an archive'],
  [/^(1a45dfa3|.{8}66747970)/, 'a video'],
  [/^52494646/, 'a video or a recording'],
  [/^(4f676753|494433|664c6143)/, 'a recording'],
  [/^(4d5a|7f454c46)/, 'a program'],
  [/^89484446/, 'a data file'],
];

/**
 * @param {Blob} file
 * @returns {Promise<Inspected>}
 */
export async function inspect(file) {
  const bytes = new Uint8Array(await file.slice(0, HEAD).arrayBuffer());
  const known = kindOf(bytes);
  const { width, height } = dimensions(bytes) ?? {};
  return known.kind === 'other' ? known : { ...known, width, height };
}

/**
 * @param {Uint8Array} bytes
 * @returns {Inspected}
 */
function kindOf(bytes) {
  if (bytes.length === 0) return { kind: 'other', called: 'empty' };
  const start = Array.from(bytes.subarray(0, 16), (byte) => byte.toString(16).padStart(2, '0')).join('');
  if (PDF.test(start)) return { kind: 'other', called: 'a PDF document' };
  if (!isText(bytes)) {
    const picture = PICTURES.find(([mark]) => mark.test(start));
    if (picture) return { kind: picture[1], called: picture[2] };
    const other = OTHERS.find(([mark]) => mark.test(start));
    return { kind: 'other', called: other ? other[1] : 'something else' };
  }
  const text = new TextDecoder().decode(bytes).trimStart();
  if (/^<(\?xml|!--|!doctype svg|svg)/i.test(text) && /<svg[\s>]/i.test(text)) {
    return { kind: 'svg', called: 'a drawing' };
  }
  return { kind: 'other', called: /^<(!doctype html|html)/i.test(text) ? 'a web page' : 'a text' };
}

/** A text has no signs that nobody can read, but for tabs and line ends. @param {Uint8Array} bytes */
function isText(bytes) {
  return bytes.subarray(0, 512).every((byte) => byte >= 32 || (byte >= 9 && byte <= 13));
}

/**
 * Why a file is not even tried; null where it is.
 * @param {string} name
 * @param {Inspected} found
 * @returns {PytrainError | null}
 */
export function refusal(name, { kind, called, width = 0, height = 0 }) {
  const file = name || 'That';
  if (called === 'empty') {
    return new PytrainError(`${file} is empty.`, null, 'Copy it again from where it came from.');
  }
  if (kind === 'other') {
    const lies = /\.(jpe?g|png|webp|gif|avif|bmp|heic|tiff?)$/i.test(name);
    const what = called === 'something else' ? 'no picture' : called;
    return new PytrainError(
      lies ? `${file} is called a picture, but it is ${what}.` : `${file} is not a picture: it is ${called}.`,
      WANTED,
      lies ? 'Get the picture again from where it came from.' : 'Choose another file.',
    );
  }
  if (width * height > MOST_PIXELS) {
    const [across, down] = [width, height].map((length) => length.toLocaleString('en'));
    return new PytrainError(
      `${file} has ${Math.floor((width * height) / 1e6)} megapixels (${across} x ${down}).`,
      `at most ${MOST_PIXELS / 1e6} megapixels`,
      'Make it smaller first; the model looks at 224 x 224 pixels anyway.',
    );
  }
  return null;
}

/**
 * Why a file that looked like a picture could not be decoded.
 * @param {string} name
 * @param {Inspected} found
 */
export function undecodable(name, { kind, called }) {
  if (kind === 'heic') {
    return new PytrainError(
      `${name} is a photograph in Apple’s format HEIC, which this browser cannot show.`,
      WANTED,
      'Save it as JPEG first; on an iPhone: Settings, Camera, Formats, Most Compatible.',
    );
  }
  if (kind === 'tiff' || kind === 'svg' || kind === 'avif') {
    return new PytrainError(`${name} is ${called}, which this browser cannot show.`, WANTED, SAVE_AS_JPEG);
  }
  return new PytrainError(
    `${name || 'That'} is damaged: it begins as ${called} but cannot be read to its end.`,
    WANTED,
    'Get it again from where it came from.',
  );
}

/** Whether a file is a video for all that can be seen without opening it. @param {File} file */
export function looksLikeVideo({ name, type }) {
  return type.startsWith('video/') || (!type && /\.(mp4|m4v|mov|webm|mkv|avi|ogv)$/i.test(name));
}
