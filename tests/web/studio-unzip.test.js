// Zips that may come from anywhere: read as they are meant, refused where they are broken, locked or a trap.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { zipSync } from 'fflate';
import { listZip, ZipError } from '../../web/lib/studio/unzip.js';

const text = (/** @type {Uint8Array} */ bytes) => new TextDecoder().decode(bytes);
const bytes = (/** @type {string} */ content) => new TextEncoder().encode(content);

/**
 * @param {Uint8Array} content
 * @returns {Blob & {name: string}}
 */
const fileOf = (content) => Object.assign(new Blob([content.slice()]), { name: 'some.zip' });

/**
 * @param {Uint8Array} zip
 * @param {number} signature
 * @returns {number} where a record of the zip begins
 */
function find(zip, signature) {
  const view = new DataView(zip.buffer);
  for (let at = 0; at + 4 <= zip.length; at++) if (view.getUint32(at, true) === signature) return at;
  throw new Error('not there');
}

test('files come out as they went in, packed or not, whatever script their names are in', async () => {
  const long = bytes('pytrain '.repeat(20_000));
  const zip = zipSync({
    'a.txt': [bytes('stored'), { level: 0 }],
    '右手/👍.txt': [long, { level: 9 }],
    'empty.txt': new Uint8Array(0),
    '__MACOSX/a.txt': bytes('left behind'),
    'folder/.DS_Store': bytes('left behind'),
  });
  const entries = await listZip(fileOf(zip));
  assert.deepEqual(
    entries.map(({ path, size }) => [path, size]),
    [
      ['a.txt', 6],
      ['右手/👍.txt', long.length],
      ['empty.txt', 0],
    ],
  );
  assert.equal(text(await entries[0].read()), 'stored');
  assert.deepEqual(await entries[1].read(), long);
});

test('a zip with a comment behind it is read', async () => {
  const zip = zipSync({ 'a.txt': bytes('a') });
  zip[zip.length - 2] = 5;
  const whole = new Uint8Array([...zip, ...bytes('hello')]);
  const [entry] = await listZip(fileOf(whole));
  assert.equal(text(await entry.read()), 'a');
});

test('what is no zip, was cut off or changed is refused', async () => {
  const zip = zipSync({
    'a.txt': bytes('some text that is long enough to be packed, packed, packed, packed'),
  });
  const cases = [bytes('no zip at all'), new Uint8Array(0), zip.slice(0, -30), zip.slice(40)];
  for (const content of cases) {
    await assert.rejects(async () => {
      for (const entry of await listZip(fileOf(content))) await entry.read();
    }, ZipError);
  }
  const changed = zip.slice();
  changed[45] ^= 0xff;
  const [entry] = await listZip(fileOf(changed));
  await assert.rejects(entry.read(), /some\.zip is damaged/);
});

test('a locked zip is refused', async () => {
  const zip = zipSync({ 'a.txt': bytes('a') });
  new DataView(zip.buffer).setUint16(find(zip, 0x02014b50) + 8, 1, true);
  await assert.rejects(listZip(fileOf(zip)), /locked with a password/);
});

test('a trap is refused before it is unpacked', async () => {
  const zeros = new Uint8Array(100 * 1024 * 1024);
  const honest = zipSync({ 'zeros.bin': [zeros, { level: 9 }] });
  assert.ok(honest.length < 200_000);
  await assert.rejects(listZip(fileOf(honest)), /unpack to far more/);

  // It says that it is small.
  const lying = honest.slice();
  new DataView(lying.buffer).setUint32(find(lying, 0x02014b50) + 24, 1000, true);
  const [entry] = await listZip(fileOf(lying));
  await assert.rejects(entry.read(), /damaged/);

  // Many names for the same bytes.
  const single = zipSync({ 'a.bin': [crypto.getRandomValues(new Uint8Array(50_000)), { level: 0 }] });
  const at = find(single, 0x02014b50);
  const end = find(single, 0x06054b50);
  const record = single.slice(at, end);
  const copies = Array.from({ length: 50 }, () => record);
  const tail = single.slice(end);
  const view = new DataView(tail.buffer);
  view.setUint16(8, 50, true);
  view.setUint16(10, 50, true);
  view.setUint32(12, 50 * record.length, true);
  const overlapping = await new Blob([single.slice(0, at), ...copies, tail]).arrayBuffer();
  await assert.rejects(listZip(fileOf(new Uint8Array(overlapping))), /unpack to far more/);
});

test('a file that has gone says so', async () => {
  const gone = {
    size: 100,
    name: 'gone.zip',
    slice: () => ({ arrayBuffer: () => Promise.reject(new DOMException('gone', 'NotFoundError')) }),
  };
  await assert.rejects(listZip(/** @type {any} */ (gone)), /gone\.zip cannot be read any more/);
});
