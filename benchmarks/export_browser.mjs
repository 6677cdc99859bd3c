// The page of export_browser.py: several models of one network, timed in turns on one backend.

import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-webgl';
import { setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';

/** @typedef {{ name: string, kind: 'graph' | 'layers' | 'onnx', url: string, output?: string }} Contender */
/** @typedef {() => Promise<Float32Array>} Predict */

/**
 * @param {{ backend: string, threads: number, contenders: Contender[], rounds: number, frames: number }} job
 * @returns {Promise<Record<string, { times: number[], probabilities: number[] }>>} milliseconds
 */
async function time({ backend, threads, contenders, rounds, frames }) {
  setWasmPaths(new URL('./', location.href).href);
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', threads > 1);
  if (threads > 1) setThreadsCount(threads);
  await tf.setBackend(backend);
  const pixels = new Float32Array(await (await fetch('input.bin')).arrayBuffer());
  /** @type {Map<string, Predict>} */
  const loaded = new Map();
  /** @type {Record<string, { times: number[], probabilities: number[] }>} */
  const results = {};
  for (const contender of contenders) {
    const predict = await (contender.kind === 'onnx' ? loadOnnx : loadTfjs)(contender, pixels, threads);
    results[contender.name] = { times: [], probabilities: Array.from(await predict()) };
    loaded.set(contender.name, predict);
  }
  for (let round = 0; round < rounds; round++) {
    // Each round starts with another one, so that none always runs after the same neighbour.
    const turn = contenders.map((_, number) => contenders[(number + round) % contenders.length]);
    for (const { name } of turn) {
      const predict = /** @type {Predict} */ (loaded.get(name));
      await predict();
      for (let frame = 0; frame < frames; frame++) {
        const start = performance.now();
        await predict();
        results[name].times.push(performance.now() - start);
      }
    }
  }
  return results;
}

/**
 * @param {Contender} contender
 * @param {Float32Array} pixels
 * @returns {Promise<Predict>}
 */
async function loadTfjs(contender, pixels) {
  const { kind, url, output } = contender;
  const graph = kind === 'graph' ? await loadGraphModel(url) : null;
  const layers = kind === 'layers' ? await loadLayersModel(url) : null;
  return async () => {
    const probabilities = tf.tidy(() => {
      const input = tf.tensor(pixels, [1, 224, 224, 3]);
      return /** @type {tf.Tensor} */ (graph ? graph.execute(input, output) : layers?.predict(input));
    });
    const numbers = await probabilities.data();
    probabilities.dispose();
    return /** @type {Float32Array} */ (numbers);
  };
}

/**
 * @param {Contender} contender
 * @param {Float32Array} pixels
 * @param {number} threads
 * @returns {Promise<Predict>}
 */
async function loadOnnx({ url }, pixels, threads) {
  const address = new URL('./ort/ort.wasm.min.mjs', location.href).href;
  const ort = await import(address);
  ort.env.wasm.numThreads = threads;
  const session = await ort.InferenceSession.create(url, { executionProviders: ['wasm'] });
  const [input] = session.inputNames;
  const [output] = session.outputNames;
  return async () => {
    const answer = await session.run({ [input]: new ort.Tensor('float32', pixels, [1, 224, 224, 3]) });
    return answer[output].data;
  };
}

Object.assign(window, { time });
