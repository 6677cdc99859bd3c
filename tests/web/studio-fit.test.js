// Heads that the page fits: the same numbers as Python's, and chosen and judged on pictures that were left out.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import '@tensorflow/tfjs-backend-cpu';
import { memory, setBackend } from '@tensorflow/tfjs-core';
import { coordinatesOf, shorten } from '../../web/lib/studio/fit/coordinates.js';
import { chooseThreshold, fitTemperature, judge, quantile } from '../../web/lib/studio/fit/figures.js';
import { fitHeads } from '../../web/lib/studio/fit/heads.js';
import { Matrix } from '../../web/lib/studio/fit/matrix.js';
import { productsOf } from '../../web/lib/studio/fit/products.js';
import { NONE, Rows } from '../../web/lib/studio/fit/rows.js';
import { Scaling } from '../../web/lib/studio/fit/scaling.js';
import { fitSoftmax, logitsOf } from '../../web/lib/studio/fit/softmax.js';
import { fitSquares } from '../../web/lib/studio/fit/squares.js';
import { fromFloat16, toFloat16 } from '../../web/lib/studio/float16.js';

await setBackend('cpu');

const python = JSON.parse(await readFile(new URL('fixtures/heads.json', import.meta.url), 'utf8'));
const { fit, embeddings, pictures, each, classes, weights, strength } = python;
const width = embeddings[0].length;
const flat = Float32Array.from(embeddings.flat());
/** @type {import('../../web/lib/studio/fit/scaling.js').ReadRows} */
const readRows = async (from, to) => flat.slice(from * width, to * width);
const all = embeddings.map((/** @type {unknown} */ _, /** @type {number} */ row) => row);
/** @type {number[]} */
const ofPictures = all.slice(0, pictures);
const truth = Int32Array.from(ofPictures, (row) => row % classes);
/** @type {import('../../web/lib/studio/fit/coordinates.js').Stray[]} */
const strays = all.slice(pictures).map((/** @type {number} */ view, /** @type {number} */ at) => ({
  view,
  picture: at * each,
}));

/**
 * @param {ArrayLike<number>} a
 * @param {ArrayLike<number>} b
 */
const furthest = (a, b) => Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i])));

test('heads are those that Python fits, on what was learned from and on what was not', async () => {
  for (const { emphasis, ...ways } of python.heads) {
    const products = await productsOf(readRows, all.length, ofPictures, all, { ...fit, emphasis });
    const short = shorten(products.values, all, strays, fit.straying);
    const found = coordinatesOf(short.products, all, ofPictures, all, fit.ridge);
    const everything = new Matrix(found.values, all.length, found.n);
    const coordinates = new Matrix(found.values.slice(0, pictures * found.n), pictures, found.n);
    const task = { coordinates, truth, weights: Float32Array.from(weights), outputs: classes };
    const { squaresPenalty, sharpness } = fit;
    const fits = {
      softmax: () => fitSoftmax({ ...task, strength }),
      squares: () => fitSquares({ ...task, penalty: squaresPenalty / strength, sharpness }),
    };
    for (const [way, solve] of Object.entries(fits)) {
      const fitted = solve();
      const logits = logitsOf(everything, fitted);
      const said = `${way} ${JSON.stringify(emphasis)}`;
      assert.ok(furthest(logits, ways[way].logits.flat()) < 5e-3, said);
      const temperature = fitTemperature(logits.slice(0, pictures * classes), classes, truth);
      assert.ok(Math.abs(temperature / ways[way].temperature - 1) < 0.01, said);

      // The same as weights on the embeddings themselves, which is what a model holds.
      const shares = short.whole(found.shares(fitted.kernel, classes), classes);
      const { kernel, offset } = products.back(shares, classes);
      const whole = embeddings.flatMap((/** @type {number[]} */ row) =>
        Array.from({ length: classes }, (_, k) =>
          row.reduce((sum, value, i) => sum + value * kernel[i * classes + k], fitted.bias[k] + offset[k]),
        ),
      );
      assert.ok(furthest(whole, logits) < 5e-3, said);
    }
  }
});

test('least squares are approached step by step, each better than the one before', async () => {
  const [{ emphasis }] = python.heads;
  const products = await productsOf(readRows, all.length, ofPictures, all, { ...fit, emphasis });
  const { values, n } = coordinatesOf(products.values, all, ofPictures, ofPictures, fit.ridge);
  const coordinates = new Matrix(values, pictures, n);
  /** @type {Float32Array[]} */
  const steps = [];
  const found = fitSquares({
    coordinates,
    truth,
    weights: Float32Array.from(weights),
    outputs: classes,
    penalty: 0.3,
    sharpness: 10,
    onStep: ({ kernel }) => steps.push(kernel),
  });
  assert.ok(steps.length > 3);
  assert.deepEqual(steps[steps.length - 1], found.kernel);
  assert.ok(furthest(steps[steps.length - 2], found.kernel) < 0.05 * Math.max(...found.kernel));
  assert.ok(furthest(steps[0], found.kernel) > furthest(steps[steps.length - 2], found.kernel));
});

test('a basis of some rows describes the others nearly as well', async () => {
  const [{ emphasis, softmax }] = python.heads;
  const some = ofPictures.filter((row) => row % 4 !== 3 || row % each === 0);
  const basis = [...some, ...all.slice(pictures)];
  const products = await productsOf(readRows, all.length, ofPictures, basis, { ...fit, emphasis });
  const places = strays.map(({ view, picture }) => ({
    view: basis.indexOf(view),
    picture: basis.indexOf(picture),
  }));
  const short = shorten(products.values, basis, places, fit.straying);
  const used = basis.map((_, at) => at);
  const found = coordinatesOf(short.products, basis, used, ofPictures, fit.ridge);
  const coordinates = new Matrix(found.values, pictures, found.n);
  const counts = Float32Array.from(weights);
  const fitted = fitSoftmax({ coordinates, truth, weights: counts, outputs: classes, strength });
  const logits = logitsOf(coordinates, fitted);
  const same = ofPictures.filter((row) => {
    const answers = [logits.slice(row * classes, (row + 1) * classes), softmax.logits[row]];
    const [ours, theirs] = answers.map((one) => Array.from(one).indexOf(Math.max(...one)));
    return ours === theirs;
  });
  assert.ok(same.length >= pictures - 1);
});

test('the threshold of unknown is the one that Python chooses', () => {
  const shares = { even: 0.5, accepted: 0.025, rejected: 0.03, rejectedAtMost: 0.1 };
  const { scores, own, alone, withOwn } = python.threshold;
  assert.ok(Math.abs(chooseThreshold(scores, [], shares) - alone) < 1e-6);
  assert.ok(Math.abs(chooseThreshold(scores, own, shares) - withOwn) < 1e-6);
  assert.equal(chooseThreshold([], [], shares), 0.5);
  assert.equal(quantile([3, 1, 2], 0.75), 2.5);
});

test('turning the cells twice gives them back, and leaves the groups as they are', () => {
  const scaling = new Scaling({ ...fit, emphasis: python.heads[0].emphasis });
  const values = Float64Array.from(flat.slice(0, width));
  const turned = scaling.turn(values.slice());
  assert.ok(furthest(turned, values) > 0.1);
  assert.deepEqual(turned.slice(-fit.groups), values.slice(-fit.groups));
  assert.ok(furthest(scaling.turn(turned), values) < 1e-9);
});

test('float16 is rounded as everywhere', () => {
  const cases = [0, -0, 1, -2.5, 65504, 1e-5, 6e-8, 2 ** -25, 1 / 3, 2049, 2051, 1e6, Number.NaN];
  const expected = [0, -0, 1, -2.5, 65504, 1.0013580322265625e-5, 2 ** -24, 0, 0.333251953125, 2048];
  assert.deepEqual(Array.from(fromFloat16(toFloat16(cases))), [
    ...expected,
    2052,
    Number.POSITIVE_INFINITY,
    Number.NaN,
  ]);
  for (let half = 0; half < 0x7c00; half++) {
    assert.equal(toFloat16(fromFloat16(Uint16Array.of(half)))[0], half);
  }
});

test('figures are counted by class', () => {
  const probabilities = Float32Array.from([0.9, 0.1, 0.4, 0.6, 0.2, 0.8]);
  const { accuracy, perClass, confusion, n } = judge(probabilities, [0, 0, 1], ['a', 'b']);
  assert.equal(n, 3);
  assert.equal(accuracy, 2 / 3);
  assert.deepEqual(confusion, [
    [1, 1],
    [0, 1],
  ]);
  assert.deepEqual(perClass[0], { name: 'a', n: 2, right: 1, accuracy: 0.5 });
  assert.equal(judge(new Float32Array(0), [], ['a', 'b']).accuracy, null);
});

/** Numbers as likely as one another, the same each time. @param {number} seed */
function dice(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/**
 * A lesson of clouds of embeddings, and the embeddings by id.
 * @param {{counts: number[], apart: number, none?: number, heldOut?: number, flipped?: boolean}} options
 *   flipped: a mirrored picture of one class looks like the next
 */
function lessonOf({ counts, apart, none = 0, heldOut = 5, flipped = false }) {
  const next = dice(7);
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  const middles = [...counts, 0].map(() => Float32Array.from({ length: width }, () => apart * normal()));
  /** @type {Map<string, Float32Array>} */
  const known = new Map();
  const shot = (/** @type {string} */ id, /** @type {number} */ of) => {
    known.set(
      id,
      middles[of].map((value) => value + normal()),
    );
    return { id, recording: 'r' };
  };
  const some = (/** @type {number} */ count, /** @type {string} */ name, /** @type {number} */ of) =>
    Array.from({ length: count }, (_, at) => shot(`${name}-${at}`, of));
  const lesson = {
    classes: counts.map((count, of) => ({
      name: `class ${of}`,
      training: some(count, `t${of}`, of),
      heldOut: some(heldOut, `h${of}`, of),
    })),
    none: { training: some(none, 'n', counts.length), heldOut: [] },
    views: counts.flatMap((count, of) =>
      Array.from({ length: count >> 1 }, (_, at) => {
        const [id, mirrored] = [`t${of}-${2 * at}`, at % 2 === 1];
        const like = flipped && mirrored ? (of + 1) % counts.length : of;
        known.set(
          `view of ${id}`,
          middles[like].map((value) => value + normal()),
        );
        return { id, mirrored };
      }),
    ),
    outsiders: 12,
  };
  const outsiders = Array.from({ length: 12 }, () =>
    Float32Array.from({ length: width }, () => 3 * normal()),
  );
  /** @param {Rows} rows @returns {import('../../web/lib/studio/fit/scaling.js').ReadRows} */
  const reader = (rows) => async (from, to) => {
    const values = new Float32Array((to - from) * width);
    for (let row = from; row < to; row++) {
      const view = row >= rows.views.from && row < rows.views.to;
      const found =
        row >= rows.outsiders.from && row < rows.outsiders.to
          ? outsiders[row - rows.outsiders.from]
          : known.get(view ? `view of ${rows.ids[row]}` : rows.ids[row]);
      values.set(/** @type {Float32Array} */ (found), (row - from) * width);
    }
    return values;
  };
  return { lesson, reader };
}

const whole = {
  ...fit,
  emphasis: python.heads[0].emphasis,
  knownEmphasis: { levels: [1, 0.8, 0], places: true },
  few: 2000,
  strengths: [3, 10, 30, 100],
  usual: 10,
  folds: 5,
  rejected: 0.03,
  rejectedAtMost: 0.1,
  even: 0.5,
  accepted: 0.025,
};

test('clouds that lie apart are told apart, surely, and nothing stays in memory', async () => {
  const { lesson, reader } = lessonOf({ counts: [30, 20, 25], apart: 1.5 });
  const before = memory().numTensors;
  /** @type {import('../../web/lib/studio/fit/heads.js').Progress[]} */
  const steps = [];
  const found = await fitHeads(lesson, reader, whole, (step) => steps.push(step));
  assert.equal(memory().numTensors, before);
  assert.equal(found.heldOut.accuracy, 1);
  assert.equal(found.heldOut.n, 15);
  assert.ok(Number(found.crossValidation.accuracy) > 0.97);
  assert.equal(found.crossValidation.n, 75);
  assert.ok(found.threshold >= 0.5 && found.threshold < 1);
  assert.equal(found.logits.kernel.length, width * 3);
  assert.equal(found.known.kernel.length, width * 4);
  assert.ok(found.mirrored);
  const { loss, accuracy, heldOut } = found.curves;
  assert.ok(loss.length > 3 && Number(loss.at(-1)) < loss[0]);
  assert.equal(accuracy.at(-1), 1);
  assert.equal(heldOut.at(-1), 1);
  assert.ok(steps.every(({ done, total }, at) => done <= total && done >= (steps[at - 1]?.done ?? 0)));
  assert.equal(steps.at(-1)?.done, steps.at(-1)?.total);
});

test('the same pictures give the same heads', async () => {
  const answers = [];
  for (let time = 0; time < 2; time++) {
    const { lesson, reader } = lessonOf({ counts: [12, 12], apart: 1, none: 6 });
    answers.push(await fitHeads(lesson, reader, whole));
  }
  assert.deepEqual(answers[0], answers[1]);
});

test('where left differs from right, mirrored views are left out', async () => {
  const { lesson, reader } = lessonOf({ counts: [40, 40], apart: 1.5, flipped: true });
  const found = await fitHeads(lesson, reader, whole);
  assert.equal(found.mirrored, false);
  assert.ok(Number(found.heldOut.accuracy) > 0.9);
});

test('labels at random are not believed', async () => {
  const { lesson, reader } = lessonOf({ counts: [30, 30, 30], apart: 0, heldOut: 20 });
  const found = await fitHeads(lesson, reader, whole);
  assert.ok(Number(found.crossValidation.accuracy) < 0.55);
  assert.ok(found.temperature > 1.5, `${found.temperature}`);
  assert.ok(Number(found.heldOut.calibrationError) < 0.25);
});

test('a picture or two of each class are enough to begin with', async () => {
  for (const counts of [
    [1, 1],
    [2, 1],
    [5, 1, 1],
  ]) {
    const { lesson, reader } = lessonOf({ counts, apart: 2, heldOut: 0 });
    const found = await fitHeads(lesson, reader, whole);
    assert.equal(found.heldOut.accuracy, null);
    assert.ok(found.logits.kernel.every(Number.isFinite));
    assert.ok(found.known.bias.every(Number.isFinite));
    assert.ok(found.temperature > 0 && found.threshold >= 0.5);
  }
});

test('each recording is dealt into folds in pieces, and views go with their pictures', () => {
  const shots = Array.from({ length: 10 }, (_, at) => ({ id: `${at}`, recording: 'r' }));
  const single = Array.from({ length: 6 }, (_, at) => ({ id: `s${at}`, recording: null }));
  const rows = new Rows(
    {
      classes: [
        { name: 'a', training: shots, heldOut: [] },
        { name: 'b', training: single, heldOut: [] },
      ],
      none: { training: [], heldOut: [] },
      views: [
        { id: '4', mirrored: true },
        { id: 'gone', mirrored: true },
        { id: 's1', mirrored: false },
      ],
      outsiders: 2,
    },
    5,
  );
  assert.deepEqual([...rows.fold.slice(0, 16)], [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 0, 1, 2, 3, 4, 0]);
  assert.deepEqual([...rows.fold.slice(16)], [2, 1]);
  assert.deepEqual([...rows.truth.slice(16)], [0, 1, NONE, NONE]);
  assert.equal(rows.count, 20);
});

test('many rows are described as few are', async () => {
  const some = ofPictures.filter((row) => row % each === 0);
  const basis = [...some, ...all.slice(pictures)];
  const [{ emphasis }] = python.heads;
  const { values } = await productsOf(readRows, all.length, ofPictures, basis, { ...fit, emphasis });
  const used = some.map((_, at) => at);
  const others = ofPictures.filter((row) => row % each !== 0);
  assert.ok(others.length > used.length);
  const together = coordinatesOf(values, basis, used, others, fit.ridge);
  for (const [at, row] of others.entries()) {
    const alone = coordinatesOf(values, basis, used, [row], fit.ridge);
    assert.ok(furthest(alone.values, together.values.slice(at * together.n, (at + 1) * together.n)) < 1e-4);
  }
});

test('of many pictures, the strength is chosen on those left out', async () => {
  const { lesson, reader } = lessonOf({ counts: [30, 30], apart: 0.7 });
  const found = await fitHeads(lesson, reader, { ...whole, few: 20 });
  assert.deepEqual(
    found.choice.tried.map(({ strength }) => strength),
    whole.strengths,
  );
  const best = Math.min(...found.choice.tried.map(({ loss }) => loss));
  assert.equal(found.choice.tried.find(({ strength }) => strength === found.choice.strength)?.loss, best);
  assert.ok(found.curves.loss.length > 3);
});
