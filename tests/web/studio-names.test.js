// What classes, models and projects may be called.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { className, freeName } from '../../web/lib/studio/names.js';

const cases = JSON.parse(await readFile(new URL('fixtures/class-names.json', import.meta.url), 'utf8'));

test('the rule is the same as on the server, and what is refused comes with a name that will do', () => {
  for (const { text, taken = [], name } of cases) {
    const found = className(text, taken);
    assert.equal(found.name, name, JSON.stringify(text));
    if (name !== undefined) continue;
    assert.match(found.problem ?? '', /\.$/);
    assert.deepEqual(
      className(String(found.suggestion), taken),
      { name: found.suggestion },
      JSON.stringify(text),
    );
  }
});

test('what is suggested is near to what was typed', () => {
  const near = {
    'a/b': 'a-b',
    '.hidden': 'hidden',
    'end.': 'end',
    CON: 'my CON',
    '': 'class 1',
    'C:\\x': 'C--x',
  };
  for (const [text, suggestion] of Object.entries(near)) {
    assert.equal(className(text).suggestion, suggestion, text);
  }
});

test('no two names are alike but for capitals', () => {
  assert.deepEqual(className('Left', ['left', 'Left 2']), {
    problem: 'There is left already.',
    suggestion: 'Left 3',
  });
  assert.equal(className('Left', ['right']).name, 'Left');
});

test('a free name keeps within the length', () => {
  assert.equal(freeName('y'.repeat(60), ['Y'.repeat(60)]), `${'y'.repeat(58)} 2`);
});
