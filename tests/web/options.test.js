// Options that are not known or not possible are refused, with a word on what was meant.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkOptions, nearestOf } from '../../web/lib/options.js';

/** @param {any} options */
const check = (options) => () => checkOptions(options);

test('without options the backend is chosen by measuring and every result is given', () => {
  const { backend, format, topk, smoothing } = checkOptions();
  assert.deepEqual(
    { backend, format, topk, smoothing },
    { backend: 'auto', format: undefined, topk: undefined, smoothing: 0 },
  );
  assert.equal(checkOptions({ format: 'auto' }).format, undefined);
});

test('an unknown option names the options there are and the nearest of them', () => {
  assert.throws(check({ topK: 3 }), {
    message:
      "There is no option 'topK'.\n" +
      'Expected: one of backend, format, topk, heatMap, mask, smoothing, onProgress, onError, onStatus\n' +
      "What to do: Did you mean 'topk'?",
  });
  assert.throws(check({ flipHorizontal: true }), /Leave 'flipHorizontal' out/);
  assert.throws(check({ toString: 1 }), /There is no option 'toString'/);
});

test('a value that cannot be says what can', () => {
  assert.throws(
    check({ backend: 'gpu' }),
    /The option backend is 'gpu'\.\nExpected: 'auto', 'wasm', 'webgl'/,
  );
  assert.throws(check({ format: 'model.json' }), /Expected: 'auto', 'graph', 'layers'/);
  assert.throws(check({ topk: 0 }), /The option topk is 0\.\nExpected: a whole number from 1/);
  assert.throws(check({ smoothing: 1 }), /Expected: a number from 0 to 0\.99/);
  assert.throws(check({ onError: 'log' }), /Expected: a function/);
});

test('a callback in the place of the options is explained', () => {
  assert.throws(
    check(() => {}),
    /The options of imageClassifier are a function\.[\s\S]*classifyStart/,
  );
});

test('a slip of the fingers is recognised, a different word is not', () => {
  assert.equal(nearestOf('smothing', ['topk', 'smoothing']), 'smoothing');
  assert.equal(nearestOf('callback', ['topk', 'smoothing']), undefined);
});
