// Reads zip files that may come from anywhere: only their list at first, then one file at a time, within limits.

import { Inflate } from 'fflate';
import { PytrainError } from '../errors.js';

/** A hundred thousand pictures need no more. */
const MOST_ENTRIES = 100_000;

/** What one file may unpack to, and all together. */
const MOST_BYTES = 256 * 1024 * 1024;
const MOST_BYTES_ALL = 8 * 1024 * 1024 * 1024;

/** Pictures and weights hardly get smaller by packing; a zip that unpacks to so many times its size is a trap. */
const MOST_TIMES = 100;
const ALWAYS_ALLOWED = 64 * 1024 * 1024;

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
const END_BYTES = 22;
const LONGEST_COMMENT = 0xffff;
const ENCRYPTED = 1;
const UTF8 = 0x800;
const STORED = 0;
const DEFLATED = 8;

/** Packed bytes that are unpacked at a time, so that a trap is found before it has filled the memory. */
const PIECE = 16 * 1024;

/** A zip that cannot be used: none of its files counts then. */
export class ZipError extends PytrainError {}

/**
 * @typedef {object} Entry
 * @property {string} path with slashes
 * @property {number} size unpacked
 * @property {() => Promise<Uint8Array<ArrayBuffer>>} read
 */

/**
 * @param {Blob & {name?: string}} file
 * @returns {Promise<Entry[]>} the files in it, without folders and what systems leave behind
 */
export async function listZip(file) {
  const name = file.name ?? 'The file';
  const { count, start, size } = await findEnd(file, name);
  const view = new DataView(await bytesOf(file.slice(start, start + size), name));
  const entries = [];
  let [at, packed, unpacked] = [0, 0, 0];
  try {
    for (let number = 0; number < count; number++) {
      if (view.getUint32(at, true) !== ENTRY) throw new RangeError('no entry');
      const record = readRecord(view, at);
      at += record.length;
      packed += record.packed;
      unpacked += record.size;
      entries.push(record);
    }
  } catch {
    throw damaged(name);
  }
  // Entries that share their bytes are the trick by which small zips become huge.
  const tooMuch = unpacked > MOST_BYTES_ALL || unpacked > ALWAYS_ALLOWED + MOST_TIMES * file.size;
  if (packed > file.size || tooMuch || entries.some((entry) => entry.size > MOST_BYTES)) throw tooLarge(name);
  if (entries.some(({ encrypted }) => encrypted)) {
    throw new ZipError(
      `${name} is locked with a password.`,
      null,
      'Unpack it and pack it again without one.',
    );
  }
  return entries.filter(isWanted).map((record) => ({
    path: record.path,
    size: record.size,
    read: () => readEntry(file, name, record),
  }));
}

/**
 * @param {Blob} file
 * @param {string} name
 */
async function findEnd(file, name) {
  const from = Math.max(0, file.size - END_BYTES - LONGEST_COMMENT);
  const view = new DataView(await bytesOf(file.slice(from), name));
  let at = view.byteLength - END_BYTES;
  while (at >= 0 && view.getUint32(at, true) !== END) at--;
  if (at < 0) {
    throw new ZipError(
      `${name} is no zip file, or was cut off.`,
      'a zip that was saved here or by Teachable Machine',
      'Choose another file, or copy or download it again.',
    );
  }
  const count = view.getUint16(at + 10, true);
  const size = view.getUint32(at + 12, true);
  const start = view.getUint32(at + 16, true);
  if (count === 0xffff || start === 0xffffffff || count > MOST_ENTRIES) {
    throw new ZipError(
      `${name} holds more files than can be read here.`,
      `up to ${MOST_ENTRIES.toLocaleString('en')} files and 4 GB`,
      'Pack fewer pictures into one zip.',
    );
  }
  if (start + size > from + at) throw damaged(name);
  return { count, start, size };
}

/**
 * @param {DataView} view
 * @param {number} at
 */
function readRecord(view, at) {
  const flags = view.getUint16(at + 8, true);
  const nameLength = view.getUint16(at + 28, true);
  const length = 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  const raw = new Uint8Array(view.buffer, at + 46, nameLength);
  // Older programs write names as their system has them; most of these are readable as Latin letters.
  const text = new TextDecoder(flags & UTF8 || isUtf8(raw) ? 'utf-8' : 'windows-1252').decode(raw);
  return {
    path: text.replaceAll('\\', '/'),
    encrypted: Boolean(flags & ENCRYPTED),
    method: view.getUint16(at + 10, true),
    crc: view.getUint32(at + 16, true),
    packed: view.getUint32(at + 20, true),
    size: view.getUint32(at + 24, true),
    start: view.getUint32(at + 42, true),
    length,
  };
}

/** @typedef {ReturnType<typeof readRecord>} Record_ */

/** @param {Uint8Array} bytes */
function isUtf8(bytes) {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** @param {Record_} record */
function isWanted({ path }) {
  const parts = path.split('/');
  const last = parts[parts.length - 1];
  return last !== '' && !parts.includes('__MACOSX') && !/^(\.DS_Store|Thumbs\.db|desktop\.ini)$/i.test(last);
}

/**
 * @param {Blob} file
 * @param {string} name
 * @param {Record_} record
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
async function readEntry(file, name, { start, packed, size, method, crc }) {
  const local = new DataView(await bytesOf(file.slice(start, start + 30), name));
  if (local.byteLength < 30 || local.getUint32(0, true) !== LOCAL) throw damaged(name);
  const from = start + 30 + local.getUint16(26, true) + local.getUint16(28, true);
  const raw = new Uint8Array(await bytesOf(file.slice(from, from + packed), name));
  if (method !== STORED && method !== DEFLATED) {
    throw new ZipError(
      `${name} is packed in a way that is not known here.`,
      null,
      'Pack it again as a plain zip.',
    );
  }
  const bytes = method === STORED ? raw : inflate(raw, size, name);
  if (bytes.length !== size || crc32(bytes) !== crc) throw damaged(name);
  return bytes;
}

/**
 * @param {Uint8Array} packed
 * @param {number} size what it must come to
 * @param {string} name
 */
function inflate(packed, size, name) {
  const bytes = new Uint8Array(size);
  let at = 0;
  try {
    const stream = new Inflate((chunk) => {
      if (at + chunk.length > size) throw new RangeError('more than was said');
      bytes.set(chunk, at);
      at += chunk.length;
    });
    for (let from = 0; from < packed.length; from += PIECE) {
      stream.push(packed.subarray(from, from + PIECE), from + PIECE >= packed.length);
    }
  } catch {
    throw damaged(name);
  }
  return at === size ? bytes : bytes.subarray(0, at);
}

/** The table of the usual polynomial (ISO 3309). */
const CRC = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** @param {Uint8Array} bytes */
function crc32(bytes) {
  let value = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) value = CRC[(value ^ bytes[i]) & 0xff] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

/**
 * @param {Blob} part
 * @param {string} name
 */
async function bytesOf(part, name) {
  try {
    return await part.arrayBuffer();
  } catch {
    throw new ZipError(
      `${name} cannot be read any more.`,
      'a file that is still where it was',
      'Check that it was not moved or deleted, and open it again.',
    );
  }
}

/** @param {string} name */
function damaged(name) {
  return new ZipError(
    `${name} is damaged: its parts do not fit together.`,
    'the file as it was saved',
    'Copy or download it again.',
  );
}

/** @param {string} name */
function tooLarge(name) {
  return new ZipError(
    `${name} would unpack to far more than a zip of pictures does.`,
    `files of up to ${MOST_BYTES / 1024 / 1024} MB`,
    'Open only files that come from somebody you trust.',
  );
}
