// What classes, models and projects may be called.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { className, freeName } from '../../web/lib/studio/names.js';

test('names in any script and with emoji will do, without the blanks around them', () => {
  for (const name of [
    'thumbs up',
    'Über',
    '右手',
    'يد',
    '👍🏽',
    'unknown',
    'a.b',
    'x'.repeat(60),
    '👍'.repeat(60),
  ]) {
    assert.deepEqual(className(`  ${name} `), { name });
  }
  // Both ways to write an umlaut are one name.
  assert.deepEqual(className('U\u0308ber'), { name: 'Über' });
});

test('what is no name for a folder on every system is refused, with one that is', () => {
  const cases = {
    '': 'Class',
    ' ': 'Class',
    'a/b': 'a-b',
    '../../etc/passwd': '-..-etc-passwd',
    'C:\\x': 'C--x',
    'a*?"<>|b': 'a------b',
    'tab\tnul\0': 'tabnul',
    '.hidden': 'hidden',
    'end.': 'end',
    '...': 'Class',
    CON: 'CON-1',
    'lpt1.txt': 'lpt1-1',
    [`${'x'.repeat(61)}`]: 'x'.repeat(60),
    'half \ud83d': 'half',
  };
  for (const [text, suggestion] of Object.entries(cases)) {
    const found = className(text);
    assert.equal(found.suggestion, suggestion, text);
    assert.match(found.problem ?? '', /\.$/);
    assert.deepEqual(className(suggestion), { name: suggestion });
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
