// The last seconds of answers.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Past } from '../../web/pages/play/past.js';

/** @param {number} cat */
const results = (cat) => [
  { label: 'cat', confidence: cat },
  { label: 'dog', confidence: 1 - cat },
];

test('each answer lasts from the one before it', () => {
  const past = new Past(20_000);
  past.add(1000, results(0.9), 'cat');
  past.add(1100, results(0.8), 'cat');
  past.add(1250, results(0.2), '');
  assert.deepEqual(past.spans('cat', 1300), [
    { from: 1000, to: 1100, confidence: 0.8, answer: true },
    { from: 1100, to: 1250, confidence: 0.2, answer: false },
  ]);
  assert.deepEqual(
    past.spans('dog', 1300).map(({ answer }) => answer),
    [false, false],
  );
});

test('a gap is a gap: after a pause, and where no answer came for long', () => {
  const past = new Past(20_000);
  past.add(1000, results(0.9), 'cat');
  past.breakOff();
  past.add(1100, results(0.9), 'cat');
  past.add(5000, results(0.9), 'cat');
  assert.deepEqual(past.spans('cat', 5000), []);
  past.add(5100, results(0.9), 'cat');
  assert.deepEqual(
    past.spans('cat', 5100).map(({ from, to }) => [from, to]),
    [[5000, 5100]],
  );
});

test('an hour of 60 answers a second takes no more room than the last seconds', () => {
  const past = new Past(20_000);
  for (let frame = 0; frame < 216_000; frame++) past.add(frame * (1000 / 60), results(0.5), 'cat');
  assert.ok(past.length <= 1200);
  const spans = past.spans('cat', 3_600_000);
  assert.ok(spans[0].from >= 3_600_000 - 20_100);
});

test('of many classes those that were most probable at any time get a lane', () => {
  const past = new Past(20_000);
  const at = (/** @type {string} */ label, /** @type {number} */ confidence) => [
    { label, confidence },
    { label: 'rest', confidence: 0.01 },
  ];
  past.add(1, at('zebra', 0.9), 'zebra');
  past.add(2, at('ant', 0.3), '');
  past.add(3, at('bee', 0.6), 'bee');
  assert.deepEqual(past.most(2), ['bee', 'zebra']);
});
