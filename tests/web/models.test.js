// The model that the page starts with.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bestOf, optionText } from '../../web/pages/models.js';

const toy = { name: 'demo-mlp', accuracy: { classic: 1, glyphs: 0.34 } };
const good = { name: 'four-shapes', accuracy: { classic: 1, glyphs: 0.96 } };
const unmeasured = { name: 'a-new-one' };
const broken = { name: 'cut', error: { what: 'cut off', expected: null, fix: null } };

test('the page starts with the model that does best on the hardest test', () => {
  assert.equal(bestOf([toy, good]).name, 'four-shapes');
  assert.equal(bestOf([unmeasured, toy]).name, 'demo-mlp');
  assert.equal(bestOf([unmeasured]).name, 'a-new-one');
  assert.equal(bestOf([broken, unmeasured]).name, 'a-new-one', 'never with one that cannot be used');
});

test('a published site starts with the model it was made for', () => {
  assert.equal(bestOf([good, { ...toy, first: true }]).name, 'demo-mlp');
});

test('the first by name wins among equals', () => {
  assert.equal(bestOf([{ ...good, name: 'demo-cnn' }, good]).name, 'demo-cnn');
});

test('a model is listed with its figure where it has one', () => {
  assert.equal(optionText(good), 'four-shapes, 96.0 % right');
  assert.equal(optionText(unmeasured), 'a-new-one');
  assert.equal(optionText(broken), 'cut, cannot be used');
});
