// A name is looked up beside the library; anything else is a URL, relative to the document.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { locate } from '../../web/lib/place.js';

const library = 'https://lab.example/tools/';
const page = 'https://school.example/class/index.html';

/** @param {any} model */
const find = (model) => locate(model, library, page);

test('a name lies in models/ beside the library', () => {
  assert.deepEqual(find('four-shapes'), {
    name: 'four-shapes',
    url: 'https://lab.example/tools/models/four-shapes/',
    format: undefined,
  });
  assert.equal(find('my model').url, 'https://lab.example/tools/models/my%20model/');
});

test('a relative address starts at the document, with or without its end', () => {
  const folder = 'https://school.example/class/my/shapes/';
  for (const address of ['my/shapes', './my/shapes/', 'my/shapes/model.json', '/class/my/shapes']) {
    assert.equal(find(address).url, folder, address);
    assert.equal(find(address).name, 'shapes');
  }
});

test('a whole address is taken as it is', () => {
  assert.equal(find('https://other.example/m').url, 'https://other.example/m/');
  assert.equal(find('https://other.example/m/graph.json').url, 'https://other.example/m/');
  assert.equal(find('https://other.example/m/graph.json').format, 'graph');
});

test('another file of the folder is refused', () => {
  assert.throws(() => find('my/shapes/metadata.json'), /or of its model\.json or graph\.json/);
});

test('nothing in the place of a model is explained', () => {
  assert.throws(() => find(undefined), /was given undefined as its model[\s\S]*four-shapes/);
  assert.throws(() => find(''), /was given '' as its model/);
});
