// docs/browser.md names everything that the library has, and its examples are JavaScript.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { Script } from 'node:vm';
import { checkOptions, OF_EXTRACTOR } from '../../web/lib/options.js';
import * as library from '../../web/pytrain.js';

const text = await readFile(new URL('../../docs/browser.md', import.meta.url), 'utf8');

/** What stands between backquotes, and in the examples. */
const code = [...text.matchAll(/`([^`\n]+)`/g), ...text.matchAll(/```js\n(.*?)```/gs)]
  .map(([, one]) => one)
  .join('\n');

/** @param {string} name */
const isNamed = (name) => new RegExp(`\\b${name}\\b`).test(code);

for (const type of ['ImageClassifier', 'FeatureExtractor']) {
  const { prototype } = /** @type {any} */ (library)[type];
  for (const member of Object.getOwnPropertyNames(prototype)) {
    if (member === 'constructor') continue;
    test(`${type}.${member} is described`, () => assert.ok(isNamed(member)));
  }
}

test('every option is described', () => {
  const options = Object.keys(checkOptions());
  assert.ok(options.length > 6);
  for (const name of [...options, ...OF_EXTRACTOR]) assert.ok(isNamed(name), name);
});

test('every example is JavaScript', () => {
  const examples = [...text.matchAll(/```js\n(.*?)```/gs)].map(([, one]) => one);
  assert.ok(examples.length >= 6);
  for (const example of examples) new Script(`(async () => {\n${example}\n})`);
});

test('everything that is exported is described', () => {
  const classes = ['ImageClassifier', 'FeatureExtractor'];
  for (const name of Object.keys(library).filter((one) => !classes.includes(one))) {
    assert.ok(isNamed(name) || text.includes(`## ${name}(`), name);
  }
});
