// Runs topologies in unmodified TensorFlow.js on Node, for tests/python/export/topologies.py.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import '@tensorflow/tfjs-backend-cpu';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';

/**
 * One topology and what to feed it.
 * @typedef {object} Job
 * @property {'layers' | 'graph'} format
 * @property {any} topology model.json or graph.json without its manifest
 * @property {tf.io.WeightsManifestEntry[]} weights
 * @property {string} data the weights one after the other, base64
 * @property {number[]} shape of the input, the batch included
 * @property {string} input float32, base64
 * @property {string[]} outputs of the graph
 */

const { backends, jobs } = JSON.parse(await readFile(process.argv[2], 'utf8'));
setWasmPaths(dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm')) + sep);
tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);

/** @type {Record<string, { shape: number[], data: string }[][]>} */
const answers = {};
for (const backend of backends) {
  if (!(await tf.setBackend(backend))) throw new Error(`${backend} cannot run in Node.`);
  answers[backend] = [];
  for (const job of jobs) answers[backend].push(await run(job));
}
process.stdout.write(JSON.stringify(answers));

/** @param {Job} job */
async function run({ format, topology, weights, data, shape, input, outputs }) {
  const artifacts = { ...topology, weightSpecs: weights, weightData: bytes(data) };
  const handler = { load: async () => artifacts };
  const x = tf.tensor(new Float32Array(bytes(input)), shape);
  const given =
    format === 'graph'
      ? (await loadGraphModel(handler)).execute(x, outputs)
      : (await loadLayersModel(handler)).predict(x);
  return (Array.isArray(given) ? given : [/** @type {tf.Tensor} */ (given)]).map(answer);
}

/** @param {tf.Tensor} tensor */
function answer(tensor) {
  const data = Buffer.from(new Float32Array(tensor.dataSync()).buffer).toString('base64');
  return { shape: tensor.shape, data };
}

/** @param {string} text base64 */
function bytes(text) {
  return new Uint8Array(Buffer.from(text, 'base64')).buffer;
}
