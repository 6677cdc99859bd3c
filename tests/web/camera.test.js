// Whatever a browser says of a camera, people read what happened and what to do.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cameraError } from '../../web/lib/camera.js';

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
