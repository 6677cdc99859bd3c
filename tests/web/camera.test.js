// Whatever a browser says of a camera, people read what happened and what to do.

import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { Camera, cameraError, facingOf } from '../../web/lib/camera.js';

for (const [name, said] of [
  ['NotAllowedError', /not allowed[\s\S]*allow the camera/],
  ['NotFoundError', /No camera was found[\s\S]*picture or draw/],
  ['NotReadableError', /another program may be using it[\s\S]*Close other programs/],
  ['OverconstrainedError', /not there any more[\s\S]*Choose another/],
  ['SomethingNew', /could not be started: odd\.[\s\S]*Start it again/],
]) {
  test(`${name} is said in plain words`, () => {
    assert.match(cameraError(new DOMException('odd', String(name))).message, /** @type {RegExp} */ (said));
  });
}

test('which side of a phone a camera is on is told by the browser, or by its name', () => {
  assert.equal(facingOf(['environment'], ''), 'environment');
  assert.equal(facingOf('user', 'Frontkamera'), 'user');
  assert.equal(facingOf(undefined, 'camera2 0, facing back'), 'environment');
  assert.equal(facingOf([], 'Front Camera'), 'user');
  assert.equal(facingOf(undefined, 'Feedback 3000'), null);
});

test('a phone is turned to its front and to its back again, and only the front may be mirrored', async () => {
  const asked = /** @type {string[]} */ ([]);
  const track = (/** @type {string} */ facingMode) => ({
    label: '',
    getSettings: () => ({ facingMode, deviceId: facingMode }),
    addEventListener() {},
    stop() {},
  });
  const devices = {
    addEventListener() {},
    getUserMedia: async (/** @type {any} */ { video: { facingMode } }) => {
      asked.push(facingMode.ideal);
      const one = track(facingMode.ideal);
      return { getVideoTracks: () => [one], getTracks: () => [one] };
    },
  };
  mock.timers.enable({ apis: ['setInterval'] });
  Object.defineProperty(globalThis, 'navigator', { configurable: true, value: { mediaDevices: devices } });
  const ownerDocument = { addEventListener() {} };
  Object.assign(globalThis, { document: ownerDocument });
  const video = /** @type {any} */ ({
    ownerDocument,
    isConnected: true,
    addEventListener() {},
    play: async () => {},
  });
  const camera = new Camera(video);
  await camera.start();
  assert.deepEqual([camera.facing, camera.looksAway], ['environment', true]);
  await camera.turn();
  assert.deepEqual([camera.facing, camera.looksAway], ['user', false]);
  await camera.turn();
  assert.deepEqual([camera.facing, camera.looksAway], ['environment', true]);
  assert.deepEqual(asked, ['environment', 'user', 'environment']);
  mock.timers.reset();
});
