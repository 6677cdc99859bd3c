// Many pictures at once: what is looked at, what is passed over, stopping and going on, and the table.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { PytrainError } from '../../web/lib/errors.js';
import { toCsv } from '../../web/pages/play/csv.js';
import { arranged, counted, Sheet } from '../../web/pages/play/sheet.js';

/** @param {...string} paths */
const found = (...paths) =>
  paths.map((path) => ({ path, file: new File(['x'], String(path.split('/').at(-1))) }));

/** Pictures that are decoded and not yet let go. */
let open = 0;

/** @param {File} file @returns {Promise<any>} */
const read = async (file) => {
  if (file.name.startsWith('bad')) throw new PytrainError(`${file.name} is a text.`, null, 'Choose another.');
  open++;
  return { picture: { name: file.name, close: () => open-- }, thumbnail: new Blob([]) };
};

/** @param {{name: string}} picture @returns {Promise<any>} */
const classify = async ({ name }) =>
  Object.assign(
    [
      { label: name[0], confidence: 0.9 },
      { label: 'z', confidence: 0.1 },
    ],
    { answer: name[0] === 'u' ? 'unknown' : name[0], unknown: name[0] === 'u' },
  );

const never = new AbortController().signal;

afterEach(async () => {
  await new Promise((resolve) => setImmediate(resolve)); // those that were decoded ahead
  assert.equal(open, 0, 'every decoded picture is let go');
});

test('every picture gets its answer, and what cannot be read is listed with the reason', async () => {
  const sheet = new Sheet(found('d/b.png', 'd/bad.png', 'd/a.png'));
  await sheet.run(read, classify, never);
  assert.deepEqual(
    sheet.rows.map(({ path, answer }) => [path, answer]),
    [
      ['d/a.png', 'a'],
      ['d/b.png', 'b'],
    ],
  );
  assert.deepEqual(sheet.problems, [{ path: 'd/bad.png', why: 'is a text. Choose another.' }]);
  assert.deepEqual([sheet.done, sheet.total], [3, 3]);
  sheet.dispose();
});

test('stopped in the middle, it keeps what it has and goes on with the rest', async () => {
  const sheet = new Sheet(found('a1', 'a2', 'a3', 'a4'));
  const stop = new AbortController();
  /** @type {string[]} */
  const seen = [];
  const stopping = async (/** @type {{name: string}} */ picture) => {
    seen.push(picture.name);
    if (seen.length === 2) stop.abort();
    return classify(picture);
  };
  await sheet.run(read, stopping, stop.signal);
  const before = sheet.done;
  assert.ok(before >= 1 && before < 4);
  await sheet.run(read, classify, never);
  assert.equal(sheet.done, 4);
  assert.equal(sheet.answered.length, 4);
  sheet.dispose();
});

test('one picture that the model fails at is passed over; a model that fails at all ends the run', async () => {
  const once = new Sheet(found('a1', 'a2', 'a3', 'a4', 'a5'));
  await once.run(
    read,
    (picture) => (picture.name === 'a2' ? Promise.reject(new Error('odd picture')) : classify(picture)),
    never,
  );
  assert.deepEqual(once.problems, [{ path: 'a2', why: 'odd picture' }]);
  assert.equal(once.answered.length, 4);
  once.dispose();
  const all = new Sheet(found('a1', 'a2', 'a3', 'a4', 'a5'));
  await assert.rejects(
    all.run(read, () => Promise.reject(new Error('gone')), never),
    /gone/,
  );
});

test('another model begins again with every picture', async () => {
  const sheet = new Sheet(found('a1', 'bad2'));
  await sheet.run(read, classify, never);
  sheet.again();
  assert.equal(sheet.done, 1, 'the unreadable one stays unreadable');
  assert.equal(sheet.answered.length, 0);
  await sheet.run(read, classify, never);
  assert.equal(sheet.answered.length, 1);
  sheet.dispose();
});

test('numbers in names count as numbers, and the order can be by answer and by confidence', () => {
  /** @type {any[]} */
  const rows = [
    { path: '10.jpg', answer: 'cat', guesses: [{ label: 'cat', confidence: 0.6 }] },
    { path: '2.jpg', answer: 'unknown', guesses: [{ label: 'dog', confidence: 0.4 }] },
    { path: '3.jpg' },
    { path: '1.jpg', answer: 'cat', guesses: [{ label: 'cat', confidence: 0.9 }] },
  ];
  const paths = (/** @type {string} */ order, only = '') =>
    arranged(rows, order, only).map(({ path }) => path);
  assert.deepEqual(paths('name'), ['1.jpg', '2.jpg', '3.jpg', '10.jpg']);
  assert.deepEqual(paths('answer'), ['1.jpg', '10.jpg', '2.jpg', '3.jpg']);
  assert.deepEqual(paths('sure'), ['1.jpg', '10.jpg', '2.jpg', '3.jpg']);
  assert.deepEqual(paths('unsure'), ['2.jpg', '10.jpg', '1.jpg', '3.jpg']);
  assert.deepEqual(paths('name', 'cat'), ['1.jpg', '10.jpg']);
  assert.deepEqual(counted(rows), [
    ['cat', 2],
    ['unknown', 1],
  ]);
});

test('the table is the one of pytrain predict, with quotes only where they must be', () => {
  const guesses = [
    { label: 'a "b", c', confidence: 0.75 },
    { label: 'd', confidence: 0.25 },
  ];
  assert.equal(
    toCsv([{ path: 'x, y.jpg', guesses }, { path: 'waiting.jpg' }]),
    'path,label,confidence,label_2,confidence_2\n"x, y.jpg","a ""b"", c",0.750000,d,0.250000\n',
  );
});
