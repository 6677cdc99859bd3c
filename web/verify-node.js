// The referee for `pytrain verify` without a browser: a bundle in TensorFlow.js on Node, by the library's own code.

import { readFile } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import '@tensorflow/tfjs-backend-cpu';
import { setBackend, version_core } from '@tensorflow/tfjs-core';
import { median } from './lib/backend.js';
import { readManifest, readWeights } from './lib/contract.js';
import { PytrainError } from './lib/errors.js';
import { openGraph } from './lib/graph.js';
import { openLayers } from './lib/layers.js';
import { openModel } from './lib/model.js';
import { prepareWasm } from './lib/wasm.js';

/**
 * The file named on the command line.
 * @typedef {object} Job
 * @property {string} bundle the model's folder
 * @property {{width: number, height: number, file: string}[]} frames raw RGB bytes, row by row
 * @property {('graph' | 'layers')[]} formats which of its topologies
 * @property {string[]} backends 'cpu', 'wasm'
 * @property {number} repeat how often the first frame is timed
 */

/** @type {Job} */
const job = JSON.parse(await readFile(process.argv[2], 'utf8'));
prepareWasm(dirname(fileURLToPath(import.meta.url)) + sep);

try {
  const reader = diskReader(job.bundle);
  const frames = await Promise.all(job.frames.map(readFrame));
  const results = [];
  for (const format of job.formats) {
    const bundle = await readWeights(reader, await readManifest(reader, format));
    for (const backend of job.backends) results.push(await run(backend, bundle, frames));
  }
  print({ results, tfjs: version_core });
} catch (error) {
  print({ error: String(/** @type {Error} */ (error).message), tfjs: version_core });
  process.exitCode = 1;
}

/**
 * @param {string} backend
 * @param {import('./lib/contract.js').LoadedBundle} bundle
 * @param {import('./lib/preprocess.js').Pixels[]} frames
 */
async function run(backend, bundle, frames) {
  const { format } = bundle;
  try {
    if (!(await setBackend(backend))) throw new PytrainError(`The backend ${backend} cannot run in Node.`);
    const model = await openModel(bundle, format === 'graph' ? openGraph : openLayers);
    const probabilities = [];
    const known = [];
    const mask = [];
    for (const frame of frames) {
      const answer = await model.predict(frame, { mask: true });
      probabilities.push([...answer.probabilities]);
      known.push(answer.known);
      if (answer.mask) mask.push([...answer.mask.values]);
    }
    const times = [];
    for (let i = 0; i < (job.repeat ?? 10); i++) {
      const start = performance.now();
      await model.predict(frames[0], { mask: true });
      times.push(performance.now() - start);
    }
    model.dispose();
    return { format, backend, probabilities, known, mask, milliseconds: median(times) };
  } catch (error) {
    return { format, backend, error: String(/** @type {Error} */ (error)?.message ?? error) };
  }
}

/**
 * @param {string} folder
 * @returns {import('./lib/contract.js').Reader}
 */
function diskReader(folder) {
  return {
    name: folder,
    text: (file) => readFile(join(folder, file), 'utf8'),
    bytes: async (file) => {
      const bytes = await readFile(join(folder, file));
      return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
    },
  };
}

/** @param {Job['frames'][number]} frame */
async function readFrame({ width, height, file }) {
  const rgb = await readFile(file);
  if (rgb.length !== width * height * 3) {
    throw new PytrainError(`${file} holds ${rgb.length} bytes.`, `${width} x ${height} x 3`);
  }
  const data = new Uint8Array(width * height * 4).fill(255);
  for (let i = 0; i < width * height; i++) data.set(rgb.subarray(i * 3, i * 3 + 3), i * 4);
  return { data, width, height };
}

/** @param {object} answer */
function print(answer) {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
