// What runs in the worker: one model on one backend, fed with frames by messages.

import { backend, setBackend } from '@tensorflow/tfjs-core';
import { median } from './backend.js';
import { PytrainError, toPlain } from './errors.js';
import { openModel } from './model.js';
import { cropSquare } from './preprocess.js';

/**
 * @typedef {ImageBitmap | import('./preprocess.js').Pixels} Frame
 * @typedef {{id: number, type: 'start', base: string}
 *   | {id: number, type: 'load', bundle: any}
 *   | {id: number, type: 'predict', frame: Frame, heatMap?: boolean, mask?: boolean}
 *   | {id: number, type: 'embed', frame: Frame}
 *   | {id: number, type: 'activations', frame: Frame, names: string[], most?: number}
 *   | {id: number, type: 'filters', name?: string}
 *   | {id: number, type: 'layers'} | {id: number, type: 'measure'} | {id: number, type: 'memory'}} Request
 */

/** Measuring stops after this many frames, or after this time once there are three. */
const MEASURED_FRAMES = 12;
const MEASURED_MILLISECONDS = 500;

/**
 * Answers the messages of lib/runner.js.
 * @param {string} name the backend's name in TensorFlow.js
 * @param {import('./model.js').OpenNetwork} openNetwork for the format that this script is for
 * @param {(base: string) => void} [prepare] called with the library's folder before the backend starts
 */
export function serveEngine(name, openNetwork, prepare = () => {}) {
  const port = /** @type {any} */ (self);
  /** @type {import('./model.js').OpenModel | undefined} */
  let model;

  /** @param {Request} request */
  async function answer(request) {
    if (request.type === 'start') {
      prepare(request.base);
      await startBackend(name);
      return watchContext(port);
    }
    if (request.type === 'load') {
      model = await openModel(request.bundle, openNetwork);
      return model.memory();
    }
    if (!model) throw new PytrainError('The model is not loaded.');
    if (request.type === 'memory') return model.memory();
    if (request.type === 'measure') return measure(model);
    if (request.type === 'layers') return model.layers();
    if (request.type === 'filters') return model.filters(request.name);
    const start = performance.now();
    const found = await ofFrame(model, request);
    return { ...found, milliseconds: performance.now() - start };
  }

  // One after the other: a prediction awaits the backend, and the next must not overtake it.
  let last = Promise.resolve();
  port.onmessage = (/** @type {MessageEvent<Request>} */ { data }) => {
    last = last.then(async () => {
      try {
        const value = await answer(data);
        port.postMessage({ id: data.id, value }, buffersOf(value));
      } catch (error) {
        port.postMessage({ id: data.id, error: toPlain(error) });
      }
    });
  };
}

/**
 * @param {import('./model.js').OpenModel} model
 * @param {Extract<Request, {frame: Frame}>} request
 */
async function ofFrame(model, request) {
  const pixels = toPixels(request.frame);
  if (request.type === 'predict') return model.predict(pixels, request);
  if (request.type === 'embed') return { embedding: await model.embed(pixels) };
  return { maps: await model.activations(pixels, request.names, request.most) };
}

/**
 * The numbers of an answer that nobody needs here any more: they are handed over instead of copied.
 * @param {any} value
 * @returns {ArrayBuffer[]}
 */
function buffersOf(value) {
  const maps = Object.values(value?.maps ?? {}).map(({ values }) => values);
  const all = [value?.embedding, value?.activation?.values, value?.mask?.values, value?.values, ...maps];
  const own = all.filter(
    (values) => values instanceof Float32Array && values.byteLength === values.buffer.byteLength,
  );
  return [...new Set(own.map(({ buffer }) => buffer))];
}

/** @param {string} name */
async function startBackend(name) {
  const fix = "Leave the option backend out, or use another one, for example 'wasm'.";
  try {
    if (await setBackend(name)) return;
  } catch (error) {
    throw new PytrainError(`The backend ${name} cannot start: ${toPlain(error).what}.`, null, fix);
  }
  throw new PytrainError(`The backend ${name} cannot run in this browser.`, null, fix);
}

/**
 * Tells the page when the graphics card takes the WebGL context or the WebGPU device away.
 * @param {{postMessage: (message: object) => void}} port
 */
function watchContext(port) {
  const current = /** @type {any} */ (backend());
  const lost = (/** @type {string} */ what) => port.postMessage({ lost: what });
  current.gpgpu?.gl?.canvas?.addEventListener('webglcontextlost', () => lost('The WebGL context was lost'));
  current.device?.lost?.then((/** @type {{message: string}} */ info) =>
    lost(`The WebGPU device was lost (${info.message})`),
  );
}

/**
 * @param {import('./model.js').OpenModel} model
 * @returns {Promise<import('./results.js').Answer & {milliseconds: number}>}
 */
async function measure(model) {
  const frame = testFrame();
  const times = [];
  const begin = performance.now();
  let answer = await model.predict(frame);
  while (
    times.length < MEASURED_FRAMES &&
    (times.length < 3 || performance.now() - begin < MEASURED_MILLISECONDS)
  ) {
    const start = performance.now();
    answer = await model.predict(frame);
    times.push(performance.now() - start);
  }
  return { ...answer, milliseconds: median(times) };
}

/** A picture with colour and edges, the same on every device, so that backends can be compared on it. */
function testFrame() {
  const width = 320;
  const height = 240;
  const data = new Uint8Array(width * height * 4);
  for (let i = 0; i < width * height; i++) {
    const x = i % width;
    const y = Math.floor(i / width);
    const inside = Math.abs(x - 170) < 60 && Math.abs(y - 110) < 55;
    data.set(inside ? [40, 60, x & 255, 255] : [200 - (y >> 1), 190, 160 + (x >> 3), 255], i * 4);
  }
  return { data, width, height };
}

/** @type {OffscreenCanvasRenderingContext2D | null} */
let context = null;

/**
 * @param {Frame} frame
 * @returns {import('./preprocess.js').Pixels}
 */
function toPixels(frame) {
  if (!('close' in frame)) return frame;
  const { left, top, side } = cropSquare(frame.width, frame.height);
  if (!context) {
    context = new OffscreenCanvas(side, side).getContext('2d', { alpha: false, willReadFrequently: true });
    if (!context) throw new PytrainError('This browser gives workers no 2D canvas.');
  }
  if (context.canvas.width !== side) Object.assign(context.canvas, { width: side, height: side });
  // Only the square that counts, pixel for pixel; transparency falls on white.
  context.fillStyle = 'white';
  context.fillRect(0, 0, side, side);
  context.drawImage(frame, -left, -top);
  frame.close();
  return { data: context.getImageData(0, 0, side, side).data, width: side, height: side, opaque: true };
}
