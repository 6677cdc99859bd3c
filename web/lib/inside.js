// What a network's layers hold and give: their names, their shapes, what they make of a picture, their filters.

import { slice } from '@tensorflow/tfjs-core';
import { PytrainError } from './errors.js';
import { nearestOf } from './options.js';

/** @typedef {import('@tensorflow/tfjs-core').Tensor} Tensor */
/** @typedef {import('./model.js').Network} Network */
/** @typedef {'convolution' | 'pooling' | 'dense' | 'other'} Kind */

/**
 * A layer, and the name by which the network gives what comes out of it.
 * @typedef {{name: string, kind: Kind, tensor: string}} Place
 *
 * A layer, and the size of what comes out of it; a layer of plain numbers is 1 x 1.
 * @typedef {{name: string, kind: Kind, height: number, width: number, channels: number}} Layer
 *
 * What comes out of a layer: values [height, width, channels].
 * @typedef {{height: number, width: number, channels: number, values: Float32Array}} Maps
 *
 * The weights of a convolution: values [height, width, inputs, filters].
 * @typedef {{name: string, height: number, width: number, inputs: number, filters: number, values: Float32Array}} Filters
 */

/**
 * @param {Network} network
 * @param {(tensors: string[]) => Tensor[]} run on any picture
 * @returns {Promise<Layer[]>}
 */
export async function listLayers(network, run) {
  const places = network.places();
  const tensors = run(places.map(({ tensor }) => tensor));
  const sizes = tensors.map(sizeOf);
  for (const tensor of tensors) tensor.dispose();
  return places.flatMap(({ name, kind }, index) => {
    const size = sizes[index];
    return size ? [{ name, kind, ...size }] : [];
  });
}

/**
 * @param {Network} network
 * @param {(tensors: string[]) => Tensor[]} run on the picture
 * @param {string[]} names of layers
 * @param {number} [most] only so many channels of each, the first ones
 * @returns {Promise<Record<string, Maps>>}
 */
export async function activationsOf(network, run, names, most = Number.POSITIVE_INFINITY) {
  const places = network.places();
  const wanted = [...new Set(names)].map((name) => find(places, name));
  if (wanted.length === 0) return {};
  const tensors = run(wanted.map(({ tensor }) => tensor));
  try {
    const maps = tensors.map(async (tensor, index) => {
      const size = sizeOf(tensor);
      if (!size)
        throw new PytrainError(`The layer ${wanted[index].name} gives no maps.`, 'a layer of layers()');
      const channels = Math.min(size.channels, most);
      const kept = channels < size.channels ? firstChannels(tensor, channels) : tensor;
      try {
        return { ...size, channels, values: /** @type {Float32Array} */ (await kept.data()) };
      } finally {
        if (kept !== tensor) kept.dispose();
      }
    });
    const settled = await Promise.all(maps);
    return Object.fromEntries(wanted.map(({ name }, index) => [name, settled[index]]));
  } finally {
    for (const tensor of tensors) tensor.dispose();
  }
}

/**
 * @param {Network} network
 * @param {string} [name] of a convolution; the first that looks at more than one pixel, unless told
 * @returns {Promise<Filters>}
 */
export async function filtersOf(network, name) {
  const places = network.places();
  const place = name === undefined ? firstWithFilters(network, places) : find(places, name);
  const kernel = place && network.kernel(place.name);
  if (!place || kernel?.rank !== 4) {
    const those = places.filter((one) => network.kernel(one.name)?.rank === 4).map((one) => one.name);
    throw new PytrainError(
      place ? `The layer ${place.name} has no filters.` : 'No layer of this model has filters.',
      those.length ? `one of ${those.join(', ')}` : null,
    );
  }
  const [height, width, inputs, filters] = kernel.shape;
  const values = /** @type {Float32Array} */ (await kernel.data());
  return { name: place.name, height, width, inputs, filters, values: new Float32Array(values) };
}

/**
 * @param {Network} network
 * @param {Place[]} places
 */
function firstWithFilters(network, places) {
  const all = places.filter(({ name }) => network.kernel(name)?.rank === 4);
  return all.find(({ name }) => Number(network.kernel(name)?.shape[0]) > 1) ?? all[0];
}

/**
 * @param {Place[]} places
 * @param {string} name
 */
function find(places, name) {
  const found = places.find((place) => place.name === name);
  if (found) return found;
  const names = places.map((place) => place.name);
  const nearest = nearestOf(String(name), names);
  throw new PytrainError(
    `This model has no layer '${name}'.`,
    `one of ${names.join(', ')}`,
    nearest ? `Did you mean '${nearest}'?` : 'layers() lists them.',
  );
}

/** @param {Tensor} tensor [1, height, width, channels] or [1, channels]; null for anything else */
function sizeOf({ shape }) {
  if (shape.length === 4) return { height: shape[1], width: shape[2], channels: shape[3] };
  return shape.length === 2 ? { height: 1, width: 1, channels: shape[1] } : null;
}

/**
 * @param {Tensor} tensor
 * @param {number} channels
 */
function firstChannels(tensor, channels) {
  const { shape } = tensor;
  return slice(
    tensor,
    shape.map(() => 0),
    [...shape.slice(0, -1), channels],
  );
}
