// What a file really is, and what is said of those that are no pictures.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect, looksLikeVideo, refusal } from '../../web/pages/play/picture-file.js';

/** @param {...(string | number[])} parts strings are Latin 1 */
const blob = (...parts) =>
  new Blob(
    parts.map((part) =>
      typeof part === 'string' ? Uint8Array.from(part, (sign) => sign.charCodeAt(0)) : Uint8Array.from(part),
    ),
  );

/** @param {number} width @param {number} height */
const png = (width, height) =>
  blob('\x89PNG\r\n\x1a\n\0\0\0\rIHDR', [...be(width), ...be(height)], [8, 2, 0, 0, 0, 0, 0, 0, 0]);

/** @param {number} value */
const be = (value) => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];

const FILES = /** @type {[Blob, string, RegExp][]} */ ([
  [blob(''), 'a.jpg', /a\.jpg is empty/],
  [blob('hello, world\n'), 'notes.txt', /notes\.txt is not a picture: it is a text/],
  [blob('%PDF-1.7\n\xe2\xe3\xcf\xd3'), 'scan.jpg', /scan\.jpg is called a picture, but it is a PDF document/],
  [blob('PK\x03\x04\x14\0'), 'all.zip', /it is a ZIP archive/],
  [blob('<!DOCTYPE html><p>Not found'), 'photo.png', /photo\.png is called a picture, but it is a web page/],
  [blob('\0\0\0\x20ftypisom\0\0'), 'holiday.jpg', /it is a video/],
  [blob('\x1aE\xdf\xa3\0'), 'a.webm', /it is a video/],
  [blob('ID3\x04\0'), 'song.mp3', /it is a recording/],
  [blob('MZ\x90\0\x03'), 'setup.png', /but it is a program/],
  [
    blob('BMW is a car, and this is a text about it.'),
    'cars.bmp',
    /cars\.bmp is called a picture, but it is a text/,
  ],
  [blob([0, 1, 2, 3, 4]), 'x.jpg', /x\.jpg is called a picture, but it is no picture/],
]);

for (const [content, name, said] of FILES) {
  test(`${name}: ${said.source.replaceAll('\\', '')}`, async () => {
    const problem = refusal(name, await inspect(content));
    assert.match(String(problem?.what), said);
    assert.ok(problem?.fix, 'it says what to do');
  });
}

test('pictures are taken by what they hold, whatever they are called', async () => {
  for (const [content, kind] of /** @type {[Blob, string][]} */ ([
    [blob('\xff\xd8\xff\xe0\0\x10JFIF\0'), 'jpeg'],
    [png(3, 2), 'png'],
    [blob('GIF89a\x01\0\x01\0\x80\0\0'), 'gif'],
    [blob('RIFF\x10\0\0\0WEBPVP8 \0\0\0\0'), 'webp'],
    [blob('\0\0\0\x1cftypavif\0\0'), 'avif'],
    [blob('\0\0\0\x18ftypheic\0\0'), 'heic'],
    [blob('<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>'), 'svg'],
  ])) {
    const found = await inspect(content);
    assert.equal(found.kind, kind);
    assert.equal(refusal('called.txt', found), null);
  }
});

test('a picture of more than 50 megapixels is refused before it is decoded, with its size', async () => {
  const problem = refusal('wall.png', await inspect(png(12_000, 9000)));
  assert.match(String(problem?.what), /wall\.png has 108 megapixels \(12,000 x 9,000\)/);
  assert.match(String(problem?.expected), /50 megapixels/);
  assert.equal(refusal('phone.png', await inspect(png(8064, 6048))), null, 'a phone’s 48 are taken');
});

test('a video is known by its type, or by its name where there is no type', () => {
  assert.ok(looksLikeVideo(new File([], 'a', { type: 'video/mp4' })));
  assert.ok(looksLikeVideo(new File([], 'a.MOV')));
  assert.ok(!looksLikeVideo(new File([], 'a.mov.jpg', { type: 'image/jpeg' })));
});
