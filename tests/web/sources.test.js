// What a sketch passes is recognised, and what cannot be classified is named.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { grab, unwrap, whenReady } from '../../web/lib/sources.js';

const scope = /** @type {any} */ (globalThis);

class HTMLVideoElement {}
class HTMLCanvasElement {
  width = 0;
  height = 0;
}
class ImageData {
  data = new Uint8ClampedArray([1, 2, 3, 255]);
  width = 1;
  height = 1;
}

before(() => Object.assign(scope, { HTMLVideoElement, HTMLCanvasElement, ImageData }));
after(() => {
  for (const name of ['HTMLVideoElement', 'HTMLCanvasElement', 'ImageData']) delete scope[name];
});

test("p5's capture and graphics are looked into", () => {
  const video = new HTMLVideoElement();
  const canvas = new HTMLCanvasElement();
  assert.equal(unwrap(video), video);
  assert.equal(unwrap({ elt: video }), video);
  assert.equal(unwrap({ canvas }), canvas);
});

test('what cannot be classified is named, with what can', () => {
  assert.throws(() => unwrap(undefined), /classify was given undefined[\s\S]*Check that it exists/);
  assert.throws(() => unwrap('#video'), /classify was given '#video'[\s\S]*a video, image, canvas/);
  assert.throws(() => unwrap({ elt: {} }), /an object of type Object/);
});

test('a canvas without pixels is refused', async () => {
  await assert.rejects(whenReady(/** @type {any} */ (new HTMLCanvasElement())), /is 0 x 0 pixels/);
});

test('ImageData is copied, so that the original stays whole when the copy is transferred', async () => {
  const picture = new ImageData();
  const frame = /** @type {any} */ (await grab(/** @type {any} */ (picture)));
  assert.deepEqual([...frame.data], [1, 2, 3, 255]);
  assert.notEqual(frame.data.buffer, picture.data.buffer);
});
