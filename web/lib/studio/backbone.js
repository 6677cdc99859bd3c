// The network that Teach learns with: a bundle whose classes are placeholders, in the folder backbone/ beside the pages.

import { PytrainError } from '../errors.js';
import { httpReader } from '../place.js';
import { base } from '../version.js';

/** Version of head.json; any other is refused. */
const VERSION = 3;

/**
 * A number that is `base` + `each` * classes, and the way to it in a JSON file or an array.
 * @typedef {{at: (string | number)[], base: number, each: number}} PerClass
 */

/**
 * head.json, as pytrain.pipeline.browser_backbone writes it.
 * @typedef {object} HeadJson
 * @property {number} version
 * @property {string} key stands for the network and its weights
 * @property {{name: string, digest: string}} backbone
 * @property {number} classes how many placeholders there are
 * @property {number} width of the embedding
 * @property {{logits: {kernel: string, bias: string}, known: {kernel: string, bias: string}, anyClass: string}} layers
 *   full names of the weights that belong to classes
 * @property {{graph: PerClass[], layers: PerClass[], constants: Record<string, PerClass[]>}} perClass
 * @property {import('./fit/scaling.js').Fit} fit
 * @property {{file: string, pictures: number}} outsiders
 */

/**
 * @typedef {object} Backbone
 * @property {string} url of its folder
 * @property {HeadJson} head
 * @property {(file: string) => Promise<string>} text
 * @property {(file: string) => Promise<ArrayBuffer>} bytes
 */

/** @type {Map<string, Promise<Backbone>>} */
const opened = new Map();

/** Where it lies beside the pages. */
export const BACKBONE = new URL('backbone/', base).href;

/**
 * @param {string} [url] of its folder
 * @returns {Promise<Backbone>}
 */
export function openBackbone(url = BACKBONE) {
  const found =
    opened.get(url) ??
    open(url).catch((error) => {
      opened.delete(url);
      throw error;
    });
  opened.set(url, found);
  return found;
}

/**
 * @param {string} url
 * @returns {Promise<Backbone>}
 */
async function open(url) {
  const response = await fetch(new URL('head.json', url), { cache: 'no-cache' }).catch(() => null);
  if (!response) {
    throw new PytrainError(
      'The network that is needed to learn cannot be reached.',
      null,
      'Check that the server is still running and load the page again.',
    );
  }
  // A server may answer with a page of its own for whatever is not there.
  const head = /** @type {HeadJson | null} */ (response.ok ? await response.json().catch(() => null) : null);
  if (!head) {
    throw new PytrainError(
      'These pages came without the network that is needed to learn here.',
      'the folder backbone/ beside them',
      'Make it with: make backbone, then: npm run build',
    );
  }
  if (head.version !== VERSION) {
    throw new PytrainError(
      `The network in backbone/ was made for version ${head.version} of these pages.`,
      `version ${VERSION}`,
      'Make it anew with: make backbone, then: npm run build',
    );
  }
  const reader = httpReader({ name: 'The network that is needed to learn', url });
  return { url, head, text: reader.text, bytes: (file) => reader.bytes(file, () => {}) };
}

/**
 * Embeddings of generated pictures that show none of any classes.
 * @param {Backbone} backbone
 * @returns {Promise<Float32Array>} [pictures, width]
 */
export async function readOutsiders({ head: { outsiders, width }, bytes }) {
  const { file, pictures } = outsiders;
  const data = await bytes(file);
  // For each a least value and a step, then the steps.
  const ranges = new Float32Array(data, 0, 2 * pictures);
  const steps = new Uint8Array(data, ranges.byteLength);
  return Float32Array.from(steps, (step, i) => {
    const at = 2 * Math.floor(i / width);
    return ranges[at] + ranges[at + 1] * step;
  });
}
