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
/** @type {string[]} */
let told = [];

/** Whether a graphics unit does the work of WebGL; null where there is no WebGL. @type {boolean | null} */
let graphics = true;

/** @param {'auto' | Backend} backend */
function start(backend) {
  const bundle = /** @type {any} */ ({ model: {}, weights: [], labels: ['a', 'b'] });
  return startRunner(Promise.resolve(bundle), {
    backend,
    base: 'http://lab.example/',
    format: 'graph',
    memoryKey: 'key',
    onError: (error) => errors.push(error),
    onStatus: ({ kind, text }) => told.push(`${kind}: ${text}`),
  });
}

beforeEach(() => {
  speeds = { wasm: 10, webgl: 2 };
  workers = [];
  errors = [];
  told = [];
  graphics = true;
  /** @type {Map<string, string>} */
  const items = new Map();
  const fakes = {
    Worker: FakeWorker,
    ImageData: FakeImageData,
    OffscreenCanvas: class {
      /**
       * @param {string} _kind
       * @param {{failIfMajorPerformanceCaveat?: boolean}} options
       */
      getContext(_kind, { failIfMajorPerformanceCaveat } = {}) {
        const there = graphics || (graphics === false && !failIfMajorPerformanceCaveat);
        return there ? { getExtension: () => null } : null;
      }
    },
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
  assert.deepEqual(told, [
    'lost: The WebGL context was lost. The classifier starts again on webgl.',
    'recovered: The classifier runs again, on webgl.',
  ]);
  assert.deepEqual(errors, [], 'what heals by itself is no error');
});

test('a worker that is lost while it is measured is replaced, and that is no error', async () => {
  const runner = await start('auto');
  await runner.predict(frame);
  workers[0].silent = true;
  await new Promise((resolve) => setTimeout(resolve, 5));
  workers[0].lose();
  assert.deepEqual(await runner.ready, []);
  assert.equal((await runner.predict(frame)).probabilities.length, 2);
  assert.match(told[1], /^recovered: /);
  assert.deepEqual(errors, []);
});

test('a backend that takes a while to come back is waited for', async () => {
  const runner = await start('webgl');
  delete speeds.webgl;
  workers[0].lose();
  const answer = runner.predict(frame);
  await new Promise((resolve) => setTimeout(resolve, 100));
  speeds.webgl = 2;
  assert.equal((await answer).probabilities.length, 2);
  assert.equal(runner.backend, 'webgl');
  assert.equal(workers.length, 3);
  assert.deepEqual(errors, []);
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
  assert.match(told[2], /^lost: .* starts again, on another backend\.$/);
  assert.deepEqual(errors, []);
});

test('where wasm cannot run another backend is used, and that is said', async () => {
  speeds = { cpu: 100 };
  const runner = await start('auto');
  assert.equal(runner.backend, 'cpu');
  assert.deepEqual(told, ['backend: no wasm cpu is used instead, which may be slower.']);
  assert.deepEqual(
    workers.map(({ ended }) => ended),
    [true, true, false],
  );
  runner.dispose();
});

test('where none can run every reason is said, and what to do', async () => {
  speeds = {};
  await assert.rejects(start('auto'), (/** @type {Error} */ { message }) => {
    assert.match(message, /can run no model\. no wasm no webgl no cpu/);
    assert.match(message, /What to do: Use another browser/);
    return true;
  });
});

test('WebGL that the processor draws is measured only by those who ask', async () => {
  graphics = false;
  const runner = await start('auto');
  await runner.predict(frame);
  assert.deepEqual(await runner.ready, [
    { backend: 'wasm', milliseconds: 10 },
    { backend: 'webgl', note: 'no graphics unit here, so it was not tried' },
  ]);
  assert.equal(workers.length, 1);
  const asked = await runner.measure();
  assert.deepEqual(
    asked.map(({ milliseconds }) => milliseconds),
    [10, 2],
  );
  assert.equal(runner.backend, 'webgl');
  runner.dispose();
});

test('without WebGL it is not in the table', async () => {
  graphics = null;
  const runner = await start('auto');
  await runner.predict(frame);
  assert.deepEqual(await runner.ready, [{ backend: 'wasm', milliseconds: 10 }]);
  runner.dispose();
});

test('after dispose every call is refused and no worker is left', async () => {
  const runner = await start('wasm');
  runner.dispose();
  await assert.rejects(runner.predict(frame), /The model was disposed/);
  await assert.rejects(runner.memory(), /The model was disposed/);
  assert.ok(workers.every(({ ended }) => ended));
});
