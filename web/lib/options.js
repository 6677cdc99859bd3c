// The options of imageClassifier(): which there are, what they may be, and what to say of any other.

import { PytrainError } from './errors.js';

/** Backends that can be asked for, besides 'auto'. */
export const BACKENDS = /** @type {const} */ (['wasm', 'webgl', 'webgpu', 'cpu']);

/** Forms of a model that can be asked for, besides 'auto'. */
export const FORMATS = /** @type {const} */ (['graph', 'layers']);

/** @typedef {typeof BACKENDS[number]} Backend */

/**
 * @typedef {object} Options
 * @property {'auto' | Backend} [backend] 'auto' starts on wasm, measures the others and takes the fastest
 * @property {'auto' | 'graph' | 'layers'} [format] 'auto' reads graph.json where the model has it, else model.json
 * @property {number} [topk] how many results to give, all of them unless told
 * @property {boolean} [heatMap] whether results say where the model looks, as `results.heatMap`; false unless told
 * @property {boolean} [mask] whether results say what is where, as `results.mask`; false unless told
 * @property {number} [smoothing] 0 to 0.99: how much of the frames before stays in classifyStart's answer
 * @property {(progress: {loaded: number, total: number}) => void} [onProgress] bytes of the model's files
 * @property {(error: Error) => void} [onError] what goes wrong while classifyStart runs or a backend is measured
 * @property {(status: Status) => void} [onStatus] what happens meanwhile and needs nobody; goes to the console unless
 *   told
 */

/**
 * What happened, in words too: the graphics device was `lost` and the model starts again, and has `recovered`; another
 * `backend` is used from now on; the video gives `no-pictures`, or `pictures` again; the page is hidden, so that
 * nothing is classified (`asleep`), or is seen again (`awake`).
 * @typedef {{kind: 'lost' | 'recovered' | 'backend' | 'no-pictures' | 'pictures' | 'asleep' | 'awake', text: string}} Status
 */

/** @typedef {{backend: 'auto' | Backend, format: 'graph' | 'layers' | undefined, topk: number | undefined, heatMap: boolean, mask: boolean, smoothing: number,
 *   onProgress: NonNullable<Options['onProgress']>, onError: NonNullable<Options['onError']>, onStatus: NonNullable<Options['onStatus']>}} Settings */

/** @type {Record<keyof Options, {expected: string, ok: (value: any) => boolean}>} */
const RULES = {
  backend: {
    expected: `'auto', ${BACKENDS.map((name) => `'${name}'`).join(', ')}`,
    ok: (value) => value === 'auto' || BACKENDS.includes(value),
  },
  format: {
    expected: `'auto', ${FORMATS.map((name) => `'${name}'`).join(', ')}`,
    ok: (value) => value === 'auto' || FORMATS.includes(value),
  },
  topk: { expected: 'a whole number from 1', ok: (value) => Number.isInteger(value) && value >= 1 },
  heatMap: { expected: 'true or false', ok: (value) => typeof value === 'boolean' },
  mask: { expected: 'true or false', ok: (value) => typeof value === 'boolean' },
  smoothing: {
    expected: 'a number from 0 to 0.99',
    ok: (value) => typeof value === 'number' && value >= 0 && value <= 0.99,
  },
  onProgress: { expected: 'a function', ok: (value) => typeof value === 'function' },
  onError: { expected: 'a function', ok: (value) => typeof value === 'function' },
  onStatus: { expected: 'a function', ok: (value) => typeof value === 'function' },
};

const OF_CLASSIFIER = /** @type {(keyof Options)[]} */ (Object.keys(RULES));

/** Options of featureExtractor(): those that are not about answers. @type {(keyof Options)[]} */
export const OF_EXTRACTOR = ['backend', 'onProgress', 'onError', 'onStatus'];

/**
 * @param {Options} options
 * @param {string} [caller] the function whose options they are
 * @param {(keyof Options)[]} [names] the options that it has
 * @returns {Settings}
 */
export function checkOptions(options = {}, caller = 'imageClassifier', names = OF_CLASSIFIER) {
  if (typeof options !== 'object' || options === null) {
    throw new PytrainError(
      `The options of ${caller} are ${describe(options)}.`,
      `an object, as in { backend: 'wasm' }`,
      caller === 'imageClassifier'
        ? 'Pass the options as the second argument; results come from classify() or classifyStart().'
        : 'Pass the options as the second argument.',
    );
  }
  for (const [name, value] of Object.entries(options)) {
    const rule = names.some((one) => one === name) ? RULES[/** @type {keyof Options} */ (name)] : undefined;
    if (!rule) throw unknownOption(name, names);
    if (value !== undefined && !rule.ok(value)) {
      throw new PytrainError(`The option ${name} is ${describe(value)}.`, rule.expected, `Change ${name}.`);
    }
  }
  return {
    backend: options.backend ?? 'auto',
    format: options.format === 'auto' ? undefined : options.format,
    topk: options.topk,
    heatMap: options.heatMap ?? false,
    mask: options.mask ?? false,
    smoothing: options.smoothing ?? 0,
    onProgress: options.onProgress ?? (() => {}),
    // Looked up when it is called: Node, where these checks are tested, has no reportError.
    onError: options.onError ?? ((error) => globalThis.reportError(error)),
    onStatus: options.onStatus ?? (({ text }) => console.info(`pytrain: ${text}`)),
  };
}

/**
 * @param {string} name
 * @param {string[]} names
 */
function unknownOption(name, names) {
  const nearest = nearestOf(name, names);
  return new PytrainError(
    `There is no option '${name}'.`,
    `one of ${names.join(', ')}`,
    nearest ? `Did you mean '${nearest}'?` : `Leave '${name}' out.`,
  );
}

/**
 * The name that a slip of the fingers most likely meant.
 * @param {string} name
 * @param {string[]} names
 * @returns {string | undefined}
 */
export function nearestOf(name, names) {
  const near = names
    .map((candidate) => ({ candidate, steps: editDistance(name.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, steps }) => steps <= Math.max(2, candidate.length / 3))
    .sort((a, b) => a.steps - b.steps);
  return near[0]?.candidate;
}

/**
 * @param {string} a
 * @param {string} b
 */
function editDistance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length];
}

/**
 * A value as a reader of an error message knows it.
 * @param {unknown} value
 * @returns {string}
 */
export function describe(value) {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return String(value);
  return `an object of type ${value.constructor?.name || 'Object'}`;
}
