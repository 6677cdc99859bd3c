// The drawing pad must prepare a digit as Python does.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { asMnist, SIDE } from '../../web/pages/play/mnist.js';

/** @type {{cases: {name: string, size: [number, number], dabs: [number, number, number][], ink: number, values: number[][]}[]}} */
const { cases } = JSON.parse(await readFile(new URL('fixtures/drawings.json', import.meta.url), 'utf8'));

/** The same dabs as tests/python/dataset/test_drawing.py draws. @param {[number, number]} size @param {[number, number, number][]} dabs */
function drawing([width, height], dabs) {
  return Uint8Array.from({ length: width * height }, (_, at) => {
    const x = (at % width) + 0.5;
    const y = Math.floor(at / width) + 0.5;
    const cover = dabs.map(([across, down, radius]) => radius + 0.5 - Math.hypot(x - across, y - down));
    return Math.floor(255 * Math.min(1, Math.max(0, ...cover)) + 0.5);
  });
}

for (const { name, size, dabs, ink, values } of cases) {
  test(`${name}: centred by mass as Python does`, () => {
    const drawn = drawing(size, dabs);
    assert.equal(
      drawn.reduce((a, b) => a + b, 0),
      ink,
    );
    const found = asMnist(drawn, ...size);
    const off = values.flat().map((value, at) => Math.abs(value - found.values[at]));
    assert.ok(Math.max(...off) <= 1, `off by ${Math.max(...off)}`);
    assert.equal(found.from === null, dabs.length === 0);
  });
}

test('what was drawn lies in the window that is told', () => {
  const { values, from } = asMnist(drawing([200, 100], [[150, 40, 12]]), 200, 100);
  assert.ok(from);
  const at = values.findIndex((value) => value > 128);
  const y = from.top + ((Math.floor(at / SIDE) + 0.5) * from.side) / SIDE;
  assert.ok(Math.abs(y - 28) < 2, `${y}`);
});
