// Handing on the newest of many.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Newest } from '../../web/pages/play/newest.js';

test('one is handed on at a time; of those that come meanwhile, the newest', async () => {
  /** @type {number[]} */
  const given = [];
  let atOnce = 0;
  /** @type {() => void} */
  let finish = () => {};
  const newest = new Newest((/** @type {number} */ value) => {
    given.push(value);
    assert.equal(++atOnce, 1);
    return new Promise((resolve) => {
      finish = () => {
        atOnce--;
        resolve(undefined);
      };
    });
  }, 0);
  for (const value of [1, 2, 3]) newest.put(value);
  assert.deepEqual(given, [1]);
  finish();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(given, [1, 3]);
  newest.put(4);
  newest.clear();
  finish();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(given, [1, 3]);
});

test('the next one comes no sooner than told', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  /** @type {string[]} */
  const given = [];
  const newest = new Newest(async (/** @type {string} */ value) => given.push(value), 67);
  newest.put('a');
  newest.put('b');
  await settled();
  context.mock.timers.tick(66);
  await settled();
  assert.deepEqual(given, ['a']);
  context.mock.timers.tick(1);
  await settled();
  assert.deepEqual(given, ['a', 'b']);
});
