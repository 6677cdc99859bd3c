// Convolutions for TensorFlow.js's WebGL backend that read fewer texels and reckon less about places than its own.

import { webgl_util } from '@tensorflow/tfjs-backend-webgl';
import { backend_util, env, getKernel, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core';
import { ACTIVATIONS, convolution, depthwise, helpers, texelsOf } from './webgl-shaders.js';

/** @typedef {import('./webgl-shaders.js').Geometry} Geometry */
/** @typedef {{dataId: object, shape: number[], dtype: 'float32'}} Info a tensor, as kernels are given it */

/** Filters of more taps would make shaders of a length that some drivers refuse. */
const MOST_TAPS = 25;

/** Kernels of TensorFlow.js that are replaced, and whether they are depthwise. */
const KERNELS = {
  FusedConv2D: false,
  Conv2D: false,
  FusedDepthwiseConv2D: true,
  DepthwiseConv2dNative: true,
};

/** Weights laid out anew, by those that they were made of. @type {WeakMap<object, Info>} */
const laidOut = new WeakMap();

/**
 * Takes over the convolutions that it knows; all others go on as they were.
 * @param {(name: string, ours: boolean) => void} [tell] called for each convolution: whether it was taken over
 */
export function useFastConvolutions(tell = () => {}) {
  for (const [name, deep] of Object.entries(KERNELS)) {
    const kernel = getKernel(name, 'webgl');
    const original = /** @type {(args: any) => any} */ (kernel.kernelFunc);
    unregisterKernel(name, 'webgl');
    registerKernel({
      ...kernel,
      kernelFunc: (args) => {
        const made = run(args, deep);
        tell(name, made !== null);
        return made ?? original(args);
      },
    });
  }
}

/**
 * @param {any} args as a kernel gets them
 * @param {boolean} deep depthwise
 * @returns {Info | null} null where the original has to do it
 */
function run({ inputs, backend, attrs }, deep) {
  const { x, filter, bias, preluActivationWeights } = inputs;
  const { strides, dilations, pad, dimRoundingMode, dataFormat = 'NHWC', activation = 'linear' } = attrs;
  const known = dataFormat === 'NHWC' && Object.hasOwn(ACTIVATIONS, activation) && !preluActivationWeights;
  if (!known || env().getNumber('WEBGL_VERSION') !== 2) return null;
  const info = backend_util.computeConv2DInfo(
    x.shape,
    filter.shape,
    strides,
    dilations ?? [1, 1],
    pad,
    dimRoundingMode,
    deep,
  );
  const geometry = geometryOf(info, deep, placesOf(backend, x));
  if (!geometry) return null;
  const weights = deep
    ? tapsAndBias(backend, filter, bias, geometry)
    : matrices(backend, filter, info.inChannels, geometry);
  if (!weights) return null;
  const code = deep ? depthwise(geometry, activation) : convolution(geometry, activation, Boolean(bias));
  const program = {
    variableNames: bias && !deep ? ['x', 'W', 'bias'] : ['x', 'W'],
    outputShape: info.outShape,
    packedInputs: true,
    packedOutput: true,
    userCode: helpers(geometry) + code,
  };
  return backend.runWebGLProgram(program, bias && !deep ? [x, weights, bias] : [x, weights], 'float32');
}

/**
 * @param {backend_util.Conv2DInfo} info
 * @param {boolean} deep
 * @param {[number, number] | null} texels of the input's texture
 * @returns {Geometry | null}
 */
function geometryOf(info, deep, texels) {
  const { inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, filterHeight, filterWidth } = info;
  const plain =
    info.batchSize === 1 &&
    info.strideHeight === info.strideWidth &&
    info.strideWidth <= 2 &&
    info.dilationHeight === 1 &&
    info.dilationWidth === 1 &&
    outChannels % 2 === 0 &&
    filterHeight * filterWidth <= MOST_TAPS &&
    (!deep || inChannels === outChannels);
  if (!plain || !texels) return null;
  const lines = inHeight * texelsOf(inWidth);
  const out = textureOf(info.outShape);
  if (out[0] !== outHeight * texelsOf(outWidth) || out[1] !== texelsOf(outChannels)) return null;
  return {
    height: inHeight,
    width: inWidth,
    channels: inChannels + (inChannels % 2),
    outHeight,
    outWidth,
    outChannels,
    filterHeight,
    filterWidth,
    stride: info.strideWidth,
    top: info.padInfo.top,
    left: info.padInfo.left,
    linear: texels[0] !== lines || texels[1] !== texelsOf(inChannels),
    texels,
  };
}

/**
 * How an input's packed texture lies, or will lie.
 * @param {any} backend
 * @param {Info} x
 * @returns {[number, number] | null} rows and columns of texels; null where we cannot tell
 */
function placesOf(backend, x) {
  const data = backend.texData.get(x.dataId);
  const odd = x.shape[3] % 2 === 1;
  if (!data || data.slice || data.dtype !== 'float32') return null;
  // Packed by others, an odd number of channels may have anything in the one that fills it up.
  if (!data.texture || !data.isPacked) return textureOf(x.shape);
  if (odd || data.shape.join() !== x.shape.join()) return null;
  return [texelsOf(data.texShape[0]), texelsOf(data.texShape[1])];
}

/**
 * @param {number[]} shape
 * @returns {[number, number]} rows and columns of texels of its packed texture
 */
function textureOf(shape) {
  const [rows, columns] = webgl_util.getTextureShapeFromLogicalShape(shape, true);
  return [texelsOf(rows), texelsOf(columns)];
}

/**
 * A depthwise filter as a row of channels for each tap, and the bias as the row after them.
 * @param {any} backend
 * @param {Info} filter
 * @param {Info | undefined} bias
 * @param {Geometry} geometry
 * @returns {Info | null}
 */
function tapsAndBias(backend, filter, bias, { channels, filterHeight, filterWidth }) {
  const taps = filterHeight * filterWidth;
  const shape = [2 * texelsOf(taps + 1), channels];
  return layOut(backend, filter, shape, (values) => {
    values.set(backend.readSync(filter.dataId));
    if (bias) values.set(backend.readSync(bias.dataId), taps * channels);
  });
}

/**
 * A filter as a matrix of channels x filters for each tap; an odd number of channels is filled up with zeros.
 * @param {any} backend
 * @param {Info} filter
 * @param {number} inChannels
 * @param {Geometry} geometry
 * @returns {Info | null}
 */
function matrices(backend, filter, inChannels, { channels, outChannels, filterHeight, filterWidth }) {
  const taps = filterHeight * filterWidth;
  return layOut(backend, filter, [taps * channels, outChannels], (values) => {
    const given = /** @type {Float32Array} */ (backend.readSync(filter.dataId));
    const size = inChannels * outChannels;
    for (let tap = 0; tap < taps; tap++) {
      values.set(given.subarray(tap * size, (tap + 1) * size), tap * channels * outChannels);
    }
  });
}

/**
 * Once for each filter; the weights of a model do not change.
 * @param {any} backend
 * @param {Info} filter
 * @param {number[]} shape of two even sides
 * @param {(values: Float32Array) => void} fill
 * @returns {Info | null} null where no texture is as large as that
 */
function layOut(backend, filter, shape, fill) {
  const found = laidOut.get(filter.dataId);
  if (found) return found;
  const lies = textureOf(shape);
  if (lies[0] !== texelsOf(shape[0]) || lies[1] !== texelsOf(shape[1])) return null;
  const values = new Float32Array(shape[0] * shape[1]);
  fill(values);
  const made = backend.makeTensorInfo(shape, 'float32', values);
  laidOut.set(filter.dataId, made);
  return made;
}
