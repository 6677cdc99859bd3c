// Runs models in unmodified TensorFlow.js for tests/parity.py: many in one call, on one backend, in both formats.

import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-webgl';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { GraphModel, loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';

/**
 * One model in one format, and what to feed it.
 * @typedef {object} Job
 * @property {'layers' | 'graph'} format
 * @property {string} model address of its JSON
 * @property {string} input address of the float32 numbers
 * @property {number[]} shape of the input, the batch included
 * @property {number[]} batches how many of its first pictures to feed at a time
 * @property {string[]} outputs names in the graph's signature
 */

/** @typedef {{ shape: number[], data: string }} Output data: float32, base64 */

setWasmPaths(new URL('./', location.href).href);

/**
 * @param {string} backend
 * @param {Job[]} jobs
 * @returns {Promise<({ outputs: Output[][], milliseconds: number } | { error: string })[]>} outputs by batch
 */
async function run(backend, jobs) {
  if (!(await tf.setBackend(backend))) throw new Error(`${backend} could not start`);
  const results = [];
  for (const job of jobs) {
    try {
      results.push(await runOne(job));
    } catch (error) {
      results.push({ error: error instanceof Error ? error.message : String(error) });
    }
  }
  return results;
}

/** @param {Job} job */
async function runOne(job) {
  const start = performance.now();
  const numbers = new Float32Array(await (await fetch(job.input)).arrayBuffer());
  const picture = job.shape.slice(1);
  const size = picture.reduce((product, length) => product * length, 1);
  const model = await (job.format === 'layers' ? loadLayersModel(job.model) : loadGraphModel(job.model));
  const outputs = [];
  const before = tf.memory().numTensors;
  for (const batch of job.batches) {
    const input = tf.tensor(numbers.subarray(0, batch * size), [batch, ...picture]);
    const given = model instanceof GraphModel ? model.execute(input, job.outputs) : model.predict(input);
    const tensors = Array.isArray(given) ? given : [/** @type {tf.Tensor} */ (given)];
    outputs.push(
      await Promise.all(tensors.map(async (one) => ({ shape: one.shape, data: encode(await one.data()) }))),
    );
    tf.dispose([input, tensors]);
  }
  const left = tf.memory().numTensors - before;
  model.dispose();
  if (left !== 0) throw new Error(`predicting leaves ${left} tensors behind`);
  return { outputs, milliseconds: performance.now() - start };
}

/** @param {ArrayBufferView} numbers */
function encode(numbers) {
  const bytes = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

Object.assign(window, { parity: run });
