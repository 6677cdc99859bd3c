// Whatever a browser says of a camera, people read what happened and what to do.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cameraError, facingOf } from '../../web/lib/camera.js';

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
