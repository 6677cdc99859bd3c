// The least value of a smooth function: L-BFGS (Nocedal, Updating quasi-Newton matrices with limited storage, 1980).

/** Steps that are remembered. */
const MEMORY = 10;

/** As pytrain.training.head stops. */
const MOST_STEPS = 200;
const GRADIENT = 1e-5;
const DECREASE = 1e-7;

/** Weak Wolfe conditions, and how often a step is tried (Lewis & Overton, Nonsmooth optimization via BFGS, 2009). */
const ARMIJO = 1e-4;
const CURVATURE = 0.9;
const TRIES = 20;

/** @typedef {(at: Float64Array) => {value: number, gradient: Float64Array}} Differentiable */

/**
 * @param {Differentiable} f
 * @param {Float64Array} start
 * @param {(at: Float64Array, value: number) => void} [onStep]
 * @returns {Float64Array} where it is least
 */
export function minimise(f, start, onStep = () => {}) {
  let at = start;
  let { value, gradient } = f(at);
  /** @type {{step: Float64Array, change: Float64Array, curvature: number}[]} */
  const memory = [];
  for (let number = 0; number < MOST_STEPS && greatest(gradient) > GRADIENT; number++) {
    const direction = towards(gradient, memory);
    let slope = dot(direction, gradient);
    if (!(slope < 0)) {
      memory.length = 0;
      direction.set(gradient.map((one) => -one));
      slope = -dot(gradient, gradient);
    }
    const found = search(f, at, value, direction, slope, memory.length ? 1 : 1 / Math.sqrt(-slope));
    if (!found) break;
    const step = found.at.map((one, i) => one - at[i]);
    const change = found.gradient.map((one, i) => one - gradient[i]);
    const curvature = dot(step, change);
    if (curvature > 1e-12 * dot(change, change)) memory.push({ step, change, curvature });
    if (memory.length > MEMORY) memory.shift();
    const won = (value - found.value) / Math.max(Math.abs(value), Math.abs(found.value), 1);
    ({ at, value, gradient } = found);
    onStep(at, value);
    if (won <= DECREASE) break;
  }
  return at;
}

/**
 * The direction of the next step.
 * @param {Float64Array} gradient
 * @param {{step: Float64Array, change: Float64Array, curvature: number}[]} memory
 */
function towards(gradient, memory) {
  const direction = gradient.map((one) => -one);
  const shares = new Float64Array(memory.length);
  for (let i = memory.length - 1; i >= 0; i--) {
    const { step, change, curvature } = memory[i];
    shares[i] = dot(step, direction) / curvature;
    add(direction, change, -shares[i]);
  }
  const last = memory[memory.length - 1];
  if (last) {
    const scale = last.curvature / dot(last.change, last.change);
    for (let i = 0; i < direction.length; i++) direction[i] *= scale;
  }
  for (const [i, { step, change, curvature }] of memory.entries()) {
    add(direction, step, shares[i] - dot(change, direction) / curvature);
  }
  return direction;
}

/**
 * @param {Differentiable} f
 * @param {Float64Array} from
 * @param {number} value
 * @param {Float64Array} direction
 * @param {number} slope
 * @param {number} first the length that is tried first
 */
function search(f, from, value, direction, slope, first) {
  let [low, high, length] = [0, Number.POSITIVE_INFINITY, first];
  let best = null;
  for (let number = 0; number < TRIES; number++) {
    const at = from.map((one, i) => one + length * direction[i]);
    const there = { at, ...f(at) };
    if (!(there.value <= value + ARMIJO * length * slope)) {
      high = length;
    } else {
      best = there;
      if (dot(there.gradient, direction) >= CURVATURE * slope) return best;
      low = length;
    }
    length = Number.isFinite(high) ? (low + high) / 2 : 2 * low;
  }
  return best;
}

/**
 * @param {Float64Array} a
 * @param {Float64Array} b
 */
function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/**
 * @param {Float64Array} to
 * @param {Float64Array} what
 * @param {number} share
 */
function add(to, what, share) {
  for (let i = 0; i < to.length; i++) to[i] += share * what[i];
}

/** @param {Float64Array} values */
function greatest(values) {
  let most = 0;
  for (const value of values) most = Math.max(most, Math.abs(value));
  return most;
}
