// The bundle contract: whether a model's files are whole and of our schema version.

import { PytrainError } from './errors.js';
import { SIZE } from './preprocess.js';

/** Version of metadata.json's `pytrain` block; any other is refused. */
export const SCHEMA = 1;

const AGAIN = 'Export the model again, or copy its whole folder again.';

/** Bytes of one number in a weight file, by the manifest's dtype. */
const BYTES = /** @type {Record<string, number>} */ ({
  float32: 4,
  float16: 2,
  int32: 4,
  uint16: 2,
  uint8: 1,
  bool: 1,
});

/** The two topologies of TensorFlow.js that a bundle may hold, and their files. */
export const FILES = /** @type {const} */ ({ graph: 'graph.json', layers: 'model.json' });

/** What TensorFlow.js calls them in the files themselves. */
const NAMES_IN_FILE = { graph: 'graph-model', layers: 'layers-model' };

/**
 * The graph's outputs that are asked for: one number for each label; how surely it is one of them at all; what goes
 * into the last Dense; how much each place of the picture speaks for each label; and what each place belongs to, the
 * background first.
 */
export const PROBABILITIES = 'probabilities';
export const KNOWN = 'known';
export const EMBEDDING = 'embedding';
export const CLASS_ACTIVATION = 'class_activation';
export const MASK = 'mask';

/** What a place belongs to that belongs to none of the labels. */
export const BACKGROUND = 'background';

/** What the threshold of `unknown` may be held against: the greatest probability, or the output `known`. */
export const SCORES = /** @type {const} */ (['max_probability', KNOWN]);

/** @typedef {typeof SCORES[number]} Score */

/** @typedef {keyof typeof FILES} Format */

/**
 * @typedef {{name: string, shape: number[], dtype: string, quantization?: {dtype: string}}} WeightSpec
 * @typedef {{paths: string[], weights: WeightSpec[]}} WeightGroup
 * @typedef {{format?: string, modelTopology: any, weightsManifest: WeightGroup[],
 *   signature?: {inputs?: object, outputs?: Record<string, any>}, [key: string]: any}} ModelJson
 */

/**
 * @typedef {object} Metadata
 * @property {string[]} labels
 * @property {string} [modelName]
 * @property {{schema: number, calibration?: {temperature?: number, unknown_threshold?: number, score?: string}, golden?: number,
 *   formats?: {layers?: boolean, graph?: boolean, why?: string}, weights?: {dtype?: string, bytes?: number, agreement?: {top1: number}},
 *   metrics?: Record<string, {accuracy?: number}>, [key: string]: any}} pytrain
 */

/**
 * What names a model: metadata.json and the topology that is used, read and checked, without the weights.
 * @typedef {object} Manifest
 * @property {Format} format which of the two topologies `model` is
 * @property {ModelJson} model
 * @property {Metadata} metadata
 * @property {readonly string[]} labels in the order of the model's outputs
 * @property {boolean} known whether `model` gives the output `known`; model.json never does
 * @property {boolean} classActivation whether `model` gives that output; model.json never does
 * @property {boolean} mask whether `model` gives that output, a number for the background and for each label;
 *   model.json never does
 * @property {number | null} width how many numbers the output `embedding` has; null where there is none
 * @property {Score} score what the threshold is held against
 * @property {number} threshold below this score the answer is unknown; 0 means never
 * @property {{path: string, bytes: number}[]} files the weight files; a group that is split counts on its first
 * @property {string} fingerprint changes whenever the network or its weights change
 */

/** @typedef {Manifest & {weights: ArrayBuffer[]}} LoadedBundle */

/**
 * Reads files of one bundle: over HTTP in a browser, from disk in Node.
 * @typedef {object} Reader
 * @property {string} name what to call the model in an error
 * @property {(file: string) => Promise<string>} text
 * @property {(file: string, onBytes: (count: number) => void) => Promise<ArrayBuffer>} bytes
 * @property {(except?: string[]) => void} [forget] forgets which files it has kept, but for those
 */

/**
 * @param {Reader} reader
 * @param {Format} [wanted] graph.json where the model has it, unless told
 * @returns {Promise<Manifest>}
 */
export async function readManifest(reader, wanted) {
  const metadata = /** @type {Metadata} */ (
    parse(reader, 'metadata.json', await reader.text('metadata.json'))
  );
  checkMetadata(reader.name, metadata);
  const format = chooseFormat(reader.name, metadata, wanted);
  const text = await reader.text(FILES[format]);
  const model = /** @type {ModelJson} */ (parse(reader, FILES[format], text));
  checkTopology(reader.name, format, model, metadata.labels.length);
  const outputs = (format === 'graph' && model.signature?.outputs) || {};
  const known = Object.hasOwn(outputs, KNOWN);
  return {
    format,
    model,
    metadata,
    labels: Object.freeze([...metadata.labels]),
    known,
    classActivation: Object.hasOwn(outputs, CLASS_ACTIVATION),
    mask: Object.hasOwn(outputs, MASK) && isMask(outputs[MASK], metadata.labels.length),
    width: Object.hasOwn(outputs, EMBEDDING) ? lastSide(outputs[EMBEDDING]) : null,
    ...unknownRule(reader.name, format, metadata, known),
    files: weightFiles(reader.name, FILES[format], model),
    fingerprint: fingerprint(text),
  };
}

/**
 * When the answer is unknown. Where that is told by the output `known` and model.json is run, which lacks it: never.
 * @param {string} name
 * @param {Format} format
 * @param {Metadata} metadata
 * @param {boolean} known
 * @returns {{score: Score, threshold: number}}
 */
function unknownRule(name, format, { pytrain: { calibration = {} } }, known) {
  const score = SCORES.find((one) => one === (calibration.score ?? SCORES[0]));
  if (!score) {
    throw new PytrainError(
      `${name}: metadata.json has the score ${JSON.stringify(calibration.score)}.`,
      SCORES.join(' or '),
      'Use the pytrain.js that came with the model, or export the model again.',
    );
  }
  if (score === KNOWN && format === 'layers') return { score: SCORES[0], threshold: 0 };
  if (score === KNOWN && !known) {
    throw new PytrainError(`${name}: ${FILES.graph} has no output ${KNOWN}.`, 'the score of unknown', AGAIN);
  }
  return { score, threshold: calibration.unknown_threshold ?? 0 };
}

/**
 * Which topologies a bundle holds. The first ones had model.json only and did not say so.
 * @param {Metadata} metadata
 * @returns {{graph: boolean, layers: boolean}}
 */
export function formatsOf({ pytrain: { formats } }) {
  return { graph: formats?.graph ?? false, layers: formats?.layers ?? true };
}

/**
 * @param {string} name
 * @param {Metadata} metadata
 * @param {Format} [wanted]
 * @returns {Format}
 */
function chooseFormat(name, metadata, wanted) {
  const has = formatsOf(metadata);
  const format = wanted ?? (has.graph ? 'graph' : 'layers');
  if (has[format]) return format;
  const why = metadata.pytrain.formats?.why;
  throw new PytrainError(
    `${name} has no ${FILES[format]}${why ? `: ${why}` : ''}.`,
    null,
    wanted ? 'Leave the option format out, or export the model again.' : AGAIN,
  );
}

/**
 * @param {string} name
 * @param {Format} format
 * @param {ModelJson} model
 * @param {number} classes
 */
function checkTopology(name, format, model, classes) {
  const file = FILES[format];
  const topology = model?.modelTopology;
  const whole =
    typeof topology === 'object' &&
    topology !== null &&
    (format === 'layers' || Array.isArray(topology.node));
  if (!whole || (model.format ?? NAMES_IN_FILE[format]) !== NAMES_IN_FILE[format]) {
    throw new PytrainError(
      `${name}: ${file} holds no ${NAMES_IN_FILE[format]} of TensorFlow.js.`,
      null,
      AGAIN,
    );
  }
  if (format === 'layers') return;
  const outputs = model.signature?.outputs ?? {};
  if (!Object.hasOwn(outputs, PROBABILITIES)) {
    const named = Object.keys(outputs).join(', ') || 'no output';
    throw new PytrainError(`${name}: ${file} names ${named}.`, `an output called ${PROBABILITIES}`, AGAIN);
  }
  const size = lastSide(outputs[PROBABILITIES]) ?? classes;
  if (size !== classes) throw notOneEach(file, size, classes);
}

/**
 * @param {any} output as a signature describes it
 * @returns {number | null}
 */
function lastSide(output) {
  const size = output.tensorShape?.dim?.at(-1)?.size;
  return size === undefined ? null : Number(size);
}

/**
 * Whether an output called `mask` is one: other models may call something else so.
 * @param {any} output as a signature describes it
 * @param {number} labels
 */
function isMask(output, labels) {
  return output.tensorShape?.dim?.length === 4 && lastSide(output) === labels + 1;
}

/**
 * @param {string} file
 * @param {unknown} outputs
 * @param {number} labels
 */
export function notOneEach(file, outputs, labels) {
  return new PytrainError(
    `${file} gives ${outputs} numbers, metadata.json has ${labels} labels.`,
    'one label for each output',
    'Export the model again.',
  );
}

/**
 * @param {Reader} reader
 * @param {Manifest} manifest
 * @param {(progress: {loaded: number, total: number}) => void} [onProgress]
 * @returns {Promise<LoadedBundle>}
 */
export async function readWeights(reader, manifest, onProgress = () => {}) {
  const total = manifest.files.reduce((sum, file) => sum + file.bytes, 0);
  let loaded = 0;
  onProgress({ loaded, total });
  const weights = await Promise.all(
    manifest.files.map(({ path }) =>
      reader.bytes(path, (count) => {
        loaded += count;
        onProgress({ loaded, total });
      }),
    ),
  );
  try {
    checkWeights(reader.name, manifest, weights);
  } catch (error) {
    reader.forget?.();
    throw error;
  }
  reader.forget?.(manifest.files.map(({ path }) => path));
  return { ...manifest, weights };
}

/**
 * @param {string} name
 * @param {any} metadata
 */
export function checkMetadata(name, metadata) {
  const schema = metadata?.pytrain?.schema;
  if (schema !== SCHEMA) {
    throw new PytrainError(
      `${name}: metadata.json has ${schema === undefined ? 'no pytrain schema version' : `schema version ${JSON.stringify(schema)}`}.`,
      `pytrain schema version ${SCHEMA}`,
      'Export the model again with this version of pytrain, or use the pytrain.js that came with it.',
    );
  }
  const { labels } = metadata;
  if (!Array.isArray(labels) || labels.length < 2 || !labels.every((label) => typeof label === 'string')) {
    throw new PytrainError(
      `${name}: metadata.json has the labels ${JSON.stringify(labels)}.`,
      'a list of at least two names',
      'Export the model again.',
    );
  }
  const { shape, range } = metadata.pytrain.input ?? {};
  const known = JSON.stringify([SIZE, SIZE, 3]);
  if ((shape && JSON.stringify(shape) !== known) || (range && JSON.stringify(range) !== '[-1,1]')) {
    throw new PytrainError(
      `${name}: metadata.json asks for an input of shape ${JSON.stringify(shape)} and range ${JSON.stringify(range)}.`,
      `shape ${known} and range [-1,1]`,
      'Export the model again with this version of pytrain.',
    );
  }
}

/**
 * @param {string} name
 * @param {string} file graph.json or model.json
 * @param {ModelJson} model
 * @returns {{path: string, bytes: number}[]}
 */
export function weightFiles(name, file, model) {
  try {
    return model.weightsManifest.flatMap(({ paths, weights }) => {
      const bytes = weights.reduce((sum, weight) => sum + weightBytes(weight), 0);
      return paths.map((path, index) => ({ path, bytes: index === 0 ? bytes : 0 }));
    });
  } catch {
    throw new PytrainError(`${name}: ${file} has no usable weights manifest.`, null, AGAIN);
  }
}

/**
 * @param {string} name
 * @param {Manifest} manifest
 * @param {ArrayBuffer[]} weights
 */
function checkWeights(name, { model, format }, weights) {
  let first = 0;
  for (const group of model.weightsManifest) {
    const buffers = weights.slice(first, first + group.paths.length);
    first += group.paths.length;
    const expected = group.weights.reduce((sum, weight) => sum + weightBytes(weight), 0);
    const got = buffers.reduce((sum, buffer) => sum + buffer.byteLength, 0);
    if (got !== expected) {
      throw new PytrainError(
        `${name}: the weight files ${group.paths.join(', ')} hold ${count(got)} bytes.`,
        `${count(expected)} bytes, as ${FILES[format]} says`,
        'Load the page again; if that does not help, copy the whole folder of the model again.',
      );
    }
  }
}

/** @param {WeightSpec} weight */
function weightBytes({ shape, dtype, quantization }) {
  const bytes = BYTES[quantization?.dtype ?? dtype];
  if (!bytes) throw new TypeError(`unknown dtype ${dtype}`);
  return shape.reduce((product, side) => product * side, bytes);
}

/**
 * @param {Reader} reader
 * @param {string} file
 * @param {string} text
 */
function parse(reader, file, text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new PytrainError(`${reader.name}: ${file} is no JSON, or is cut off.`, 'a JSON file', AGAIN);
  }
}

/** @param {number} bytes */
function count(bytes) {
  return bytes.toLocaleString('en');
}

/**
 * FNV-1a, 32 bits: enough to tell the models of one page apart. A topology names its weight files by their hash,
 * so its text changes when the weights do.
 * @param {string} text
 */
export function fingerprint(text) {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
