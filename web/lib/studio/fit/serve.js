// What runs in the worker of trainer.js: reads embeddings from the browser's storage and fits heads to them.

import { setBackend } from '@tensorflow/tfjs-core';
import { PytrainError, toPlain } from '../../errors.js';
import { prepareWasm } from '../../wasm.js';
import { readEmbeddings } from '../embeddings.js';
import { fromFloat16 } from '../float16.js';
import { fitHeads } from './heads.js';

/**
 * @typedef {object} Request
 * @property {string} base folder of the wasm files
 * @property {import('./rows.js').Lesson} lesson
 * @property {import('./scaling.js').Fit} fit
 * @property {number} width of an embedding
 * @property {{pictures: string, views: string}} keys of the embeddings
 * @property {Map<string, Uint16Array>} held embeddings that the storage did not take, by id and key
 * @property {Float32Array} outsiders [pictures, width]
 */

/** Answers the one message of trainer.js. */
export function serveTraining() {
  const port = /** @type {any} */ (self);
  port.onmessage = async (/** @type {MessageEvent<Request>} */ { data }) => {
    try {
      prepareWasm(data.base);
      await setBackend('wasm');
      const reader = (/** @type {import('./rows.js').Rows} */ rows) => readerOf(rows, data);
      const fitted = await fitHeads(data.lesson, reader, data.fit, (progress) =>
        port.postMessage({ progress }),
      );
      port.postMessage({ fitted });
    } catch (error) {
      port.postMessage({ error: toPlain(error) });
    }
  };
}

/**
 * @param {import('./rows.js').Rows} rows
 * @param {Request} request
 * @returns {import('./scaling.js').ReadRows}
 */
function readerOf(rows, { width, keys, held, outsiders }) {
  const parts = [
    { span: rows.outsiders, key: '' },
    { span: rows.views, key: keys.views },
    { span: { from: 0, to: rows.views.from }, key: keys.pictures },
    { span: { from: rows.none.from, to: rows.outsiders.from }, key: keys.pictures },
    { span: { from: rows.outsiders.to, to: rows.count }, key: keys.pictures },
  ];
  return async (from, to) => {
    const values = new Float32Array((to - from) * width);
    for (const { span, key } of parts) {
      const [first, end] = [Math.max(from, span.from), Math.min(to, span.to)];
      if (first >= end) continue;
      if (key === '') {
        const start = (first - span.from) * width;
        values.set(outsiders.subarray(start, start + (end - first) * width), (first - from) * width);
        continue;
      }
      const ids = rows.ids.slice(first, end);
      const found = await readEmbeddings(ids, key);
      for (const [at, id] of ids.entries()) {
        const halves = found[at] ?? held.get(`${id} ${key}`);
        if (halves?.length !== width) throw gone();
        const start = (first + at - from) * width;
        fromFloat16(halves, values.subarray(start, start + width));
      }
    }
    return values;
  };
}

function gone() {
  return new PytrainError(
    'A picture was deleted while the model was trained.',
    null,
    'Train again with the pictures that are there now.',
  );
}
