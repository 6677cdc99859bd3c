// One engine is kept running: the remembered backend first, a restart after a loss, the fastest in the end.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { recall, remember } from '../../web/lib/backend.js';
import { startRunner } from '../../web/lib/runner.js';

/** @typedef {import('../../web/lib/options.js').Backend} Backend */

const scope = /** @type {any} */ (globalThis);

/** Milliseconds that a backend's worker claims for a measured frame; a backend that is not here cannot start. */
let speeds = /** @type {Record<string, number>} */ ({});

/** @type {FakeWorker[]} */
let workers = [];

/** A worker that answers as lib/engine.js does. */
class FakeWorker {
  /** @type {(event: {data: any}) => void} */
  onmessage = () => {};
  ended = false;
  silent = false;

  /** @param {string} url */
  constructor(url) {
    this.backend = /engine-(\w+)(?:-layers)?\.js/.exec(url)?.[1] ?? '';
    workers.push(this);
  }

  /** @param {{id: number, type: string}} request */
  postMessage({ id, type }) {
    if (this.silent) return;
    queueMicrotask(() => {
      if (this.ended) return;
      if (!(this.backend in speeds)) {
        this.onmessage({ data: { id, error: { what: `no ${this.backend}`, expected: null, fix: null } } });
        return;
      }
      const result = { milliseconds: speeds[this.backend], probabilities: new Float32Array([0.9, 0.1]) };
      this.onmessage({ data: { id, value: type === 'memory' ? { numTensors: 3 } : result } });
    });
  }

  lose() {
    this.onmessage({ data: { lost: 'The WebGL context was lost' } });
  }

  terminate() {
    this.ended = true;
  }
}

class FakeImageData {
  data = new Uint8ClampedArray(4);
  width = 1;
  height = 1;
}

const frame = /** @type {any} */ (new FakeImageData());
/** @type {Error[]} */
let errors = [];

/** @param {'auto' | Backend} backend */
function start(backend) {
  const bundle = /** @type {any} */ ({ model: {}, weights: [], labels: ['a', 'b'] });
  return startRunner(Promise.resolve(bundle), {
    backend,
    base: 'http://lab.example/',
    format: 'graph',
    memoryKey: 'key',
    onError: (error) => errors.push(error),
  });
}

beforeEach(() => {
  speeds = { wasm: 10, webgl: 2 };
  workers = [];
  errors = [];
  /** @type {Map<string, string>} */
  const items = new Map();
  const fakes = {
    Worker: FakeWorker,
    ImageData: FakeImageData,
    OffscreenCanvas: class {},
    location: { origin: 'http://lab.example' },
    localStorage: {
      getItem: (/** @type {string} */ key) => items.get(key) ?? null,
      setItem: (/** @type {string} */ key, /** @type {string} */ value) => items.set(key, value),
    },
  };
  for (const [name, value] of Object.entries(fakes)) {
    Object.defineProperty(scope, name, { value, configurable: true, writable: true });
  }
});

afterEach(() => {
  for (const name of ['Worker', 'ImageData', 'OffscreenCanvas', 'location', 'localStorage'])
    delete scope[name];
});

test('it starts on wasm, measures, goes on with the fastest, and remembers it', async () => {
  const runner = await start('auto');
  assert.equal(runner.backend, 'wasm');
  await runner.predict(frame);
  const measured = await runner.ready;
  assert.equal(runner.backend, 'webgl');
  assert.deepEqual(
    measured.map(({ backend }) => backend),
    ['wasm', 'webgl'],
  );
  assert.equal(recall('key')?.backend, 'webgl');
  assert.deepEqual(
    workers.map(({ ended }) => ended),
    [true, false],
  );
  await runner.predict(frame);
  runner.dispose();
});

test('a remembered backend is used at once, without measuring', async () => {
  remember('key', { backend: 'webgl', measured: [{ backend: 'webgl', milliseconds: 2 }] });
  const runner = await start('auto');
  assert.equal(runner.backend, 'webgl');
  assert.deepEqual(await runner.ready, [{ backend: 'webgl', milliseconds: 2 }]);
  assert.equal(workers.length, 1);
});

test('a remembered backend that no longer starts is forgotten for wasm', async () => {
  remember('key', { backend: 'webgpu', measured: [] });
  const runner = await start('auto');
  assert.equal(runner.backend, 'wasm');
  assert.equal(recall('key'), undefined);
  runner.dispose();
});

test('a backend that was asked for is never replaced by another', async () => {
  delete speeds.webgl;
  await assert.rejects(start('webgl'), /no webgl/);
  assert.equal(workers.length, 1);
  assert.ok(workers[0].ended);
});

test('a frame whose worker is lost is answered by the next one, and the loss is told', async () => {
  const runner = await start('webgl');
  workers[0].silent = true;
  const answer = runner.predict(frame);
  await new Promise((resolve) => setTimeout(resolve, 5));
  workers[0].lose();
  assert.equal((await answer).probabilities.length, 2);
  assert.equal(workers.length, 2);
  assert.deepEqual(
    errors.map(({ message }) => message),
    ['The WebGL context was lost. The classifier starts again on webgl.'],
  );
});

test('a second loss soon after is an error that says what to do', async () => {
  const runner = await start('webgl');
  workers[0].lose();
  await runner.predict(frame);
  workers[1].lose();
  await assert.rejects(
    runner.predict(frame),
    /was lost\.\nWhat to do: Load the page again, or choose another/,
  );
  assert.equal(workers.length, 2);
});

test('a second loss of a backend that we chose goes back to wasm', async () => {
  remember('key', { backend: 'webgl', measured: [] });
  const runner = await start('auto');
  workers[0].lose();
  await runner.predict(frame);
  workers[1].lose();
  await runner.predict(frame);
  assert.equal(runner.backend, 'wasm');
  assert.equal(recall('key'), undefined);
});

test('after dispose every call is refused and no worker is left', async () => {
  const runner = await start('wasm');
  runner.dispose();
  await assert.rejects(runner.predict(frame), /The classifier was disposed/);
  await assert.rejects(runner.memory(), /The classifier was disposed/);
  assert.ok(workers.every(({ ended }) => ended));
});
