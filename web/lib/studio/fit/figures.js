// Figures by which heads are chosen and judged: loss, temperature, thresholds, accuracy, calibration.

/** Bins of the calibration error, as pytrain.evaluation.metrics has them. */
const BINS = 15;

/** Between these the temperature is looked for. */
const COLDEST = 0.05;
const HOTTEST = 20;

/**
 * @param {ArrayLike<number>} logits [rows, outputs]
 * @param {number} outputs
 * @param {number} [temperature]
 * @returns {Float32Array} probabilities [rows, outputs]
 */
export function softmax(logits, outputs, temperature = 1) {
  const answers = new Float32Array(logits.length);
  for (let i = 0; i < logits.length; i += outputs) {
    let most = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < outputs; k++) most = Math.max(most, logits[i + k]);
    let sum = 0;
    for (let k = 0; k < outputs; k++) sum += Math.exp((logits[i + k] - most) / temperature);
    for (let k = 0; k < outputs; k++) answers[i + k] = Math.exp((logits[i + k] - most) / temperature) / sum;
  }
  return answers;
}

/**
 * @param {ArrayLike<number>} logits [rows, outputs]
 * @param {number} outputs
 * @param {ArrayLike<number>} truth [rows]
 * @param {number} temperature
 * @returns {Float64Array} cross entropy of each row, in nats
 */
export function losses(logits, outputs, truth, temperature) {
  return Float64Array.from(truth, (label, row) => {
    const i = row * outputs;
    let most = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < outputs; k++) most = Math.max(most, logits[i + k]);
    let sum = 0;
    for (let k = 0; k < outputs; k++) sum += Math.exp((logits[i + k] - most) / temperature);
    return Math.log(sum) + (most - logits[i + label]) / temperature;
  });
}

/**
 * The number that logits are divided by to make the truth most likely (Guo et al., On calibration of modern neural
 * networks, 2017). A guess of 1 counts as one picture: a dozen right answers must not make it sure of everything.
 * @param {ArrayLike<number>} logits [rows, outputs]
 * @param {number} outputs
 * @param {ArrayLike<number>} truth [rows]
 */
export function fitTemperature(logits, outputs, truth) {
  if (truth.length === 0) return 1;
  const cost = (/** @type {number} */ log) =>
    mean(losses(logits, outputs, truth, Math.exp(log))) + log ** 2 / (2 * truth.length);
  const shrink = (Math.sqrt(5) - 1) / 2;
  let [low, high] = [Math.log(COLDEST), Math.log(HOTTEST)];
  let [a, b] = [high - shrink * (high - low), low + shrink * (high - low)];
  let [atA, atB] = [cost(a), cost(b)];
  while (high - low > 1e-4) {
    if (atA < atB) {
      [high, b, atB] = [b, a, atA];
      a = high - shrink * (high - low);
      atA = cost(a);
    } else {
      [low, a, atA] = [a, b, atB];
      b = low + shrink * (high - low);
      atB = cost(b);
    }
  }
  return Math.exp((low + high) / 2);
}

/**
 * The score below which the answer is `unknown`.
 * @param {number[]} known scores of pictures of the classes and of their views, by heads that did not see them
 * @param {number[]} own scores of the user's own pictures of none of them, likewise
 * @param {{even: number, accepted: number, rejected: number, rejectedAtMost: number}} shares
 */
export function chooseThreshold(known, own, { even, accepted, rejected, rejectedAtMost }) {
  if (known.length === 0) return even;
  const wanted = own.length ? Math.max(even, quantile(own, 1 - accepted) + 1e-6) : even;
  return Math.max(quantile(known, rejected), Math.min(wanted, quantile(known, rejectedAtMost)));
}

/**
 * As NumPy's: linear between the two nearest.
 * @param {ArrayLike<number>} values
 * @param {number} share
 */
export function quantile(values, share) {
  const sorted = Float64Array.from(values).sort();
  const at = share * (sorted.length - 1);
  const low = Math.floor(at);
  return sorted[low] + (at - low) * (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]);
}

/** @param {ArrayLike<number>} values */
export function mean(values) {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}

/**
 * @param {ArrayLike<number>} values
 * @param {number} from
 * @param {number} count
 * @returns {number} which of some values is the greatest, counted from the first
 */
export function best(values, from, count) {
  let found = 0;
  for (let k = 1; k < count; k++) if (values[from + k] > values[from + found]) found = k;
  return found;
}

/**
 * @typedef {object} Judged
 * @property {number} n
 * @property {number | null} accuracy share whose most probable class is right; null where there are none
 * @property {{name: string, n: number, right: number, accuracy: number | null}[]} perClass
 * @property {number[][]} confusion pictures of each class (row), by what they were taken for (column)
 * @property {number | null} calibrationError how far confidence is from being right, on average (Naeini et al., 2015)
 */

/**
 * @param {Float32Array} probabilities [rows, classes]
 * @param {ArrayLike<number>} truth [rows]
 * @param {string[]} names of the classes
 * @returns {Judged}
 */
export function judge(probabilities, truth, names) {
  const classes = names.length;
  const confusion = names.map(() => names.map(() => 0));
  for (let row = 0; row < truth.length; row++) {
    confusion[truth[row]][best(probabilities, row * classes, classes)]++;
  }
  const perClass = names.map((name, k) => {
    const n = confusion[k].reduce((sum, count) => sum + count, 0);
    return { name, n, right: confusion[k][k], accuracy: n ? confusion[k][k] / n : null };
  });
  const right = perClass.reduce((sum, one) => sum + one.right, 0);
  const n = truth.length;
  const calibrationError = n ? expectedCalibrationError(probabilities, truth, classes) : null;
  return { n, accuracy: n ? right / n : null, perClass, confusion, calibrationError };
}

/**
 * @param {Float32Array} probabilities
 * @param {ArrayLike<number>} truth
 * @param {number} classes
 */
function expectedCalibrationError(probabilities, truth, classes) {
  const gaps = new Float64Array(BINS);
  for (let row = 0; row < truth.length; row++) {
    const answer = best(probabilities, row * classes, classes);
    const confidence = probabilities[row * classes + answer];
    const bin = Math.min(BINS - 1, Math.floor(confidence * BINS));
    gaps[bin] += Number(answer === truth[row]) - confidence;
  }
  return gaps.reduce((sum, gap) => sum + Math.abs(gap), 0) / truth.length;
}
