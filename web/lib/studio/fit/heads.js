// Fits the heads of a model as pytrain train does: judged on pictures that were left out, honest about how sure it is.

import { coordinatesOf, shorten } from './coordinates.js';
import { best, chooseThreshold, fitTemperature, judge, losses, mean, softmax } from './figures.js';
import { Matrix } from './matrix.js';
import { productsOf } from './products.js';
import { Rows, range } from './rows.js';
import { fitSoftmax, logitsOf } from './softmax.js';
import { fitSquares } from './squares.js';

/** @typedef {import('./scaling.js').Fit} Fit */
/** @typedef {import('./figures.js').Judged} Judged */
/** @typedef {import('./softmax.js').Weights} Weights */
/** @typedef {{kernel: Float32Array, bias: Float32Array}} Head on embeddings: [width, outputs], [outputs] */

/** Of more pictures, one fold tells enough. */
const MANY = 3000;

/** As pytrain.training.fitter: when mirrored views show something else, as where left differs from right. */
const MIRROR_LOSS = 0.15;
const MIRROR_LEAST = 5;

/**
 * @typedef {object} Progress
 * @property {number} done
 * @property {number} total heads to fit
 * @property {number} [loss] of the head that is fitted, in nats
 * @property {number} [accuracy] of it, on what it learns from
 * @property {number} [heldOut] of it, on the held-out pictures
 */

/**
 * @typedef {object} Fitted
 * @property {Head} logits for the classes, calibrated
 * @property {Head} known for the classes and, last, none of them
 * @property {number} temperature
 * @property {number} threshold of `known`, below which the answer is `unknown`
 * @property {{strength: number, tried: Try[]}} choice
 * @property {boolean} mirrored whether mirrored views showed the same classes
 * @property {{loss: number[], accuracy: number[], heldOut: number[]}} curves of the head that is shipped
 * @property {Judged & {rejected: number | null}} heldOut rejected: share of the held-out pictures that are called unknown
 * @property {Judged} crossValidation of heads made in the same way, each on pictures that it did not see
 */

/** @typedef {{strength: number, loss: number, accuracy: number, temperature: number}} Try */

/**
 * @param {import('./rows.js').Lesson} lesson
 * @param {(rows: Rows) => import('./scaling.js').ReadRows} reader gives the embeddings of rows
 * @param {Fit} fit
 * @param {(progress: Progress) => void} [onProgress]
 * @returns {Promise<Fitted>}
 */
export async function fitHeads(lesson, reader, fit, onProgress = () => {}) {
  const rows = new Rows(lesson, fit.folds);
  const centre = range(rows.pictures);
  const basis = rows.basis();
  const fitter = new Fitter(rows, basis, fit, onProgress);
  const readRows = reader(rows);
  const { mirrored, ...classes } = fitter.fitClasses(
    await productsOf(readRows, rows.count, centre, basis, fit),
  );
  // What is none of the classes is told by other parts of the embedding.
  const ofKnown = { ...fit, emphasis: fit.knownEmphasis };
  const known = fitter.fitKnown(await productsOf(readRows, rows.count, centre, basis, ofKnown), mirrored);
  const rejected = known.heldOut.filter((score) => score < known.threshold).length;
  return {
    ...classes,
    known: known.head,
    threshold: known.threshold,
    mirrored,
    heldOut: { ...classes.heldOut, rejected: known.heldOut.length ? rejected / known.heldOut.length : null },
  };
}

/**
 * Coordinates in which heads for the classes are fitted.
 * @typedef {object} Space
 * @property {Matrix} pictures
 * @property {Matrix} heldOut
 * @property {(weights: Weights) => Head} toHead
 */

class Fitter {
  #done = 0;

  /**
   * @param {Rows} rows
   * @param {number[]} basis
   * @param {Fit} fit
   * @param {(progress: Progress) => void} onProgress
   */
  constructor(rows, basis, fit, onProgress) {
    this.rows = rows;
    this.basis = basis;
    this.fit = fit;
    this.onProgress = onProgress;
    this.classes = rows.names.length;
    const place = new Map(basis.map((row, at) => [row, at]));
    /** Places in the basis. */
    this.at = (/** @type {number} */ row) => /** @type {number} */ (place.get(row));
    this.ofPictures = basis.flatMap((row, at) => (row < rows.pictures.to ? [at] : []));
    this.folds = this.#foldsToJudge();
    /** Choosing how strongly to fit few pictures would be luck. */
    this.few = rows.pictures.to <= fit.few;
    this.strengths = this.few ? [fit.usual] : fit.strengths;
    this.total = (this.strengths.length + 2) * this.folds.length + 2;
  }

  /**
   * The head that tells classes apart, and what it is worth.
   * @param {import('./products.js').Products} products
   */
  fitClasses(products) {
    const { pictures, heldOut, names } = this.rows;
    const mirrored = this.#mirrorsShowTheSame(products);
    const strays = this.#strays(mirrored);
    const found = this.#coordinates(products, strays, this.ofPictures, range(pictures), range(heldOut));
    const space = { pictures: found.matrix, heldOut: found.further, toHead: found.toHead };
    const tries = this.strengths.map((strength) => this.#tried(space, strength));
    const chosen = tries.reduce((a, b) => (b.row.loss < a.row.loss ? b : a));
    const { strength, temperature } = chosen.row;
    const { head, curves, held } = this.#final(space, strength, temperature);
    space.pictures.dispose();
    space.heldOut.dispose();
    const heldProbabilities = softmax(held, this.classes, temperature);
    return {
      logits: {
        kernel: head.kernel.map((one) => one / temperature),
        bias: head.bias.map((one) => one / temperature),
      },
      temperature,
      choice: { strength, tried: tries.map(({ row }) => row) },
      mirrored,
      curves,
      heldOut: judge(heldProbabilities, this.#truthOf(range(heldOut)), names),
      crossValidation: judge(softmax(chosen.logits, this.classes, temperature), chosen.truth, names),
    };
  }

  /**
   * A head for the classes; all of a data set are made in one way.
   * @param {Omit<import('./softmax.js').Task, 'outputs'>} task
   * @returns {Weights}
   */
  #solve({ strength, onStep, start, ...task }) {
    const outputs = this.classes;
    if (!this.few) return fitSoftmax({ ...task, outputs, strength, onStep, start });
    const { squaresPenalty, sharpness } = this.fit;
    return fitSquares({ ...task, outputs, penalty: squaresPenalty / strength, sharpness, onStep });
  }

  /** Folds whose pictures can be answered by heads that did not see them. */
  #foldsToJudge() {
    const { pictures } = this.rows;
    const all = Array.from({ length: this.fit.folds }, (_, fold) => fold);
    const able = all.filter((fold) => this.#answerable(fold).length > 0);
    return pictures.to > MANY ? able.slice(0, 1) : able;
  }

  /**
   * Pictures of a fold whose classes the heads that did not see it know, where these are at least two.
   * @param {number} fold
   */
  #answerable(fold) {
    const { truth, fold: folds, pictures } = this.rows;
    const all = range(pictures);
    const taught = new Set(all.filter((row) => folds[row] !== fold).map((row) => truth[row]));
    return taught.size < 2 ? [] : all.filter((row) => folds[row] === fold && taught.has(truth[row]));
  }

  /**
   * Whether heads that were told nothing of views answer mirrored ones about as well as others. A left hand that is
   * mirrored is a right hand: where such classes are told apart, they do not.
   * @param {import('./products.js').Products} products
   */
  #mirrorsShowTheSame(products) {
    const { rows, fit, classes } = this;
    const pictures = this.ofPictures.map((at) => this.basis[at]);
    const views = range(rows.views);
    const asked = [...pictures, ...views];
    const { matrix, further } = this.#coordinates(products, [], this.ofPictures, asked);
    /** @type {Record<'plain' | 'mirrored', {n: number[], right: number[]}>} */
    const found = {
      plain: { n: new Array(classes).fill(0), right: new Array(classes).fill(0) },
      mirrored: { n: new Array(classes).fill(0), right: new Array(classes).fill(0) },
    };
    for (const fold of views.length ? this.folds : []) {
      const weights = new Float32Array(asked.length);
      for (const [at, row] of pictures.entries()) weights[at] = Number(rows.fold[row] !== fold);
      const truth = this.#truthOf(asked);
      const head = this.#solve({ coordinates: matrix, truth, weights, strength: fit.usual });
      const said = logitsOf(matrix, head);
      for (const [number, row] of views.entries()) {
        if (rows.fold[row] !== fold) continue;
        const kind = found[rows.mirrored[number] ? 'mirrored' : 'plain'];
        const right = best(said, (pictures.length + number) * classes, classes) === rows.truth[row];
        kind.n[rows.truth[row]]++;
        kind.right[rows.truth[row]] += Number(right);
      }
      this.#progress();
    }
    matrix.dispose();
    further.dispose();
    return sameWhenMirrored(found.plain, found.mirrored);
  }

  /**
   * @param {boolean} mirrored
   * @returns {import('./coordinates.js').Stray[]}
   */
  #strays(mirrored) {
    return this.#views(mirrored).map((row) => ({
      view: this.at(row),
      picture: this.at(this.rows.pictureOf[row - this.rows.views.from]),
    }));
  }

  /** @param {boolean} mirrored whether mirrored ones may be used */
  #views(mirrored) {
    const { views } = this.rows;
    return range(views).filter((row) => mirrored || !this.rows.mirrored[row - views.from]);
  }

  /**
   * Heads of a strength, on pictures that they did not see.
   * @param {Space} space
   * @param {number} strength
   */
  #tried({ pictures }, strength) {
    const { rows, classes } = this;
    const all = range(rows.pictures);
    const truth = this.#truthOf(all);
    /** @type {number[]} */
    const logits = [];
    /** @type {number[]} */
    const answered = [];
    /** @type {Weights | undefined} */
    let start;
    for (const fold of this.folds) {
      const weights = this.#weights(all, fold);
      start = this.#solve({ coordinates: pictures, truth, weights, strength, start });
      const said = logitsOf(pictures, start);
      for (const row of this.#answerable(fold)) {
        for (let k = 0; k < classes; k++) logits.push(said[row * classes + k]);
        answered.push(rows.truth[row]);
      }
      this.#progress();
    }
    return tryOf(strength, logits, answered, classes);
  }

  /**
   * The head that is shipped, fitted to all pictures; how it is found is what is shown.
   * @param {Space} space
   * @param {number} strength
   * @param {number} temperature
   */
  #final({ pictures, heldOut, toHead }, strength, temperature) {
    const { rows, classes } = this;
    const all = range(rows.pictures);
    const truth = this.#truthOf(all);
    const heldTruth = this.#truthOf(range(rows.heldOut));
    const curves = {
      loss: /** @type {number[]} */ ([]),
      accuracy: /** @type {number[]} */ ([]),
      heldOut: /** @type {number[]} */ ([]),
    };
    const show = (/** @type {Weights} */ weights) => {
      const said = logitsOf(pictures, weights);
      const loss = mean(losses(said, classes, truth, temperature));
      const accuracy = accuracyOf(said, truth, classes);
      const right = accuracyOf(logitsOf(heldOut, weights), heldTruth, classes);
      curves.loss.push(loss);
      curves.accuracy.push(Number(accuracy));
      if (right !== undefined) curves.heldOut.push(right);
      this.onProgress({ done: this.#done, total: this.total, loss, accuracy, heldOut: right });
    };
    const weights = this.#solve({
      coordinates: pictures,
      truth,
      weights: this.#weights(all),
      strength,
      onStep: show,
    });
    this.#progress();
    return { head: toHead(weights), curves, held: logitsOf(heldOut, weights) };
  }

  /**
   * The head for the classes and none of them, and the score that parts them.
   * @param {import('./products.js').Products} products
   * @param {boolean} mirrored
   */
  fitKnown(products, mirrored) {
    const { rows, fit, classes } = this;
    const strays = this.#strays(mirrored);
    const views = this.#views(mirrored);
    const learned = [...range(rows.pictures), ...views, ...range(rows.none), ...range(rows.outsiders)];
    const used = this.basis.flatMap((row, at) =>
      row < rows.views.from || row >= rows.views.to || views.includes(row) ? [at] : [],
    );
    const held = range(rows.heldOut);
    const { matrix, further, toHead } = this.#coordinates(products, strays, used, learned, held);
    const truth = this.#truthOf(learned).map((label) => (label < 0 ? classes : label));
    const task = { coordinates: matrix, truth, outputs: classes + 1, strength: fit.usual };
    /** @type {number[]} */
    const known = [];
    /** @type {number[]} */
    const own = [];
    let start = fitSoftmax({ ...task, weights: this.#weightsOfKnown(learned, views) });
    const all = start;
    this.#progress();
    for (const fold of this.folds) {
      start = fitSoftmax({ ...task, weights: this.#weightsOfKnown(learned, views, fold), start });
      const scores = scoresOf(logitsOf(matrix, start), classes);
      const answered = new Set(this.#answerable(fold));
      for (const [at, row] of learned.entries()) {
        if (row >= rows.outsiders.from || rows.fold[row] !== fold) continue;
        if (row >= rows.none.from) own.push(scores[at]);
        else if (row >= rows.views.from || answered.has(row)) known.push(scores[at]);
      }
      this.#progress();
    }
    const heldOut = scoresOf(logitsOf(further, all), classes);
    matrix.dispose();
    further.dispose();
    return { head: toHead(all), threshold: chooseThreshold(known, own, fit), heldOut };
  }

  /**
   * @param {import('./products.js').Products} products
   * @param {import('./coordinates.js').Stray[]} strays
   * @param {number[]} used which of the basis is learned from, by their places in it
   * @param {number[]} first rows
   * @param {number[]} [second] further rows, apart
   */
  #coordinates({ values: products, back }, strays, used, first, second = []) {
    const { basis } = this;
    const short = shorten(products, basis, strays, this.fit.straying);
    const rows = [...first, ...second];
    const { values, n, shares } = coordinatesOf(short.products, basis, used, rows, this.fit.ridge);
    return {
      matrix: new Matrix(values.subarray(0, first.length * n), first.length, n),
      further: new Matrix(values.subarray(first.length * n), second.length, n),
      toHead: (/** @type {Weights} */ { kernel, bias, outputs }) => {
        const whole = short.whole(shares(kernel, outputs), outputs);
        const found = back(whole, outputs);
        return { kernel: found.kernel, bias: bias.map((one, k) => one + found.offset[k]) };
      },
    };
  }

  /** @param {number[]} rows */
  #truthOf(rows) {
    return Int32Array.from(rows, (row) => this.rows.truth[row]);
  }

  /**
   * Rare classes count more, by the root of their rarity; on average 1.
   * @param {number[]} pictures
   * @param {number} [without] the fold that is left out
   */
  #weights(pictures, without) {
    const { truth, fold } = this.rows;
    const left = pictures.filter((row) => fold[row] !== without);
    const counts = new Float64Array(this.classes);
    for (const row of left) counts[truth[row]]++;
    const sum = left.reduce((total, row) => total + 1 / Math.sqrt(counts[truth[row]]), 0);
    return Float32Array.from(pictures, (row) =>
      fold[row] === without ? 0 : left.length / sum / Math.sqrt(counts[truth[row]]),
    );
  }

  /**
   * Pictures, their views half as much, and what shows none of the classes as much as all pictures: half for the user's
   * own, who knows best what will be held up, half for ours.
   * @param {number[]} learned
   * @param {number[]} views
   * @param {number} [without]
   */
  #weightsOfKnown(learned, views, without) {
    const { rows } = this;
    const all = range(rows.pictures);
    const ofPictures = this.#weights(all, without);
    const pictures = all.filter((row) => rows.fold[row] !== without).length;
    const seen = views.filter((row) => rows.fold[row] !== without).length;
    const own = range(rows.none).filter((row) => rows.fold[row] !== without).length;
    const generated = rows.outsiders.to - rows.outsiders.from;
    const share = own && generated ? 0.5 : 1;
    return Float32Array.from(learned, (row) => {
      if (row >= rows.outsiders.from) return (share * pictures) / generated;
      if (rows.fold[row] === without) return 0;
      if (row >= rows.none.from) return (share * pictures) / own;
      if (row < rows.views.from) return ofPictures[row];
      return (ofPictures[rows.pictureOf[row - rows.views.from]] * pictures) / (2 * seen);
    });
  }

  #progress() {
    this.#done++;
    this.onProgress({ done: Math.min(this.#done, this.total), total: this.total });
  }
}

/**
 * @param {number} strength
 * @param {number[]} logits
 * @param {number[]} truth
 * @param {number} classes
 */
function tryOf(strength, logits, truth, classes) {
  const temperature = fitTemperature(logits, classes, truth);
  const loss = truth.length ? mean(losses(logits, classes, truth, temperature)) : 0;
  const accuracy = accuracyOf(logits, truth, classes) ?? 0;
  return { logits, truth, row: { strength, loss, accuracy, temperature } };
}

/**
 * @param {{n: number[], right: number[]}} plain
 * @param {{n: number[], right: number[]}} mirrored
 */
function sameWhenMirrored(plain, mirrored) {
  const share = (/** @type {{n: number[], right: number[]}} */ { n, right }) => {
    const all = n.reduce((sum, count) => sum + count, 0);
    return all ? right.reduce((sum, count) => sum + count, 0) / all : 1;
  };
  const worst = plain.right.some((right, k) => {
    const expected = mirrored.n[k] * (right / Math.max(1, plain.n[k]));
    return expected >= MIRROR_LEAST && mirrored.right[k] < expected / 2;
  });
  return share(mirrored) >= (1 - MIRROR_LOSS) * share(plain) && !worst;
}

/**
 * @param {ArrayLike<number>} logits
 * @param {ArrayLike<number>} truth
 * @param {number} classes
 * @returns {number | undefined}
 */
function accuracyOf(logits, truth, classes) {
  if (truth.length === 0) return undefined;
  let right = 0;
  for (let row = 0; row < truth.length; row++) {
    right += Number(best(logits, row * classes, classes) === truth[row]);
  }
  return right / truth.length;
}

/**
 * How surely each row is of one of the classes at all: the last output is none of them.
 * @param {Float32Array} logits [rows, classes + 1]
 * @param {number} classes
 * @returns {number[]}
 */
function scoresOf(logits, classes) {
  const probabilities = softmax(logits, classes + 1);
  const scores = [];
  for (let i = classes; i < probabilities.length; i += classes + 1) scores.push(1 - probabilities[i]);
  return scores;
}
