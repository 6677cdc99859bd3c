// The server's JSON API, as the studio uses it: whether it is there, trainings in Python, models to keep.

import { fromPlain, PytrainError } from '../errors.js';
import { base } from '../version.js';
import { saveBundle } from './zip.js';

/** How long to wait before a training is asked about again, where its events do not come. */
const ASK_AGAIN = 2000;

/** States of a training that is over. */
const OVER = ['done', 'failed', 'cancelled'];

/**
 * @typedef {object} Job as the server tells of it
 * @property {string} id
 * @property {'train' | 'retrain'} kind
 * @property {string} model
 * @property {'queued' | 'running' | 'done' | 'failed' | 'cancelled'} state
 * @property {string[]} [lines]
 * @property {number | null} progress of the present step, 0 to 1
 * @property {string | null} [step]
 * @property {number | null} [eta] seconds left of the step
 * @property {number} created seconds since 1970
 */

/** @typedef {{token: string, version: string, share: {url: string, fingerprint: string} | null}} Session */

/** An error that says that nobody answered: it may be tried again later. */
export class ServerGone extends PytrainError {
  constructor() {
    super(
      'The server does not answer.',
      null,
      'Start it again with pytrain serve; what is not sent yet is kept here and sent then.',
    );
  }
}

/** An error that the server answered. */
export class ServerError extends PytrainError {
  /**
   * @param {number} status
   * @param {import('../errors.js').PlainError} plain
   */
  constructor(status, { what, expected, fix }) {
    super(what, expected, fix);
    this.status = status;
  }
}

/** @type {Session | null} */
let session = null;

/**
 * Whether these pages come from a pytrain server that answers. A published site has none and is asked nothing.
 * @returns {Promise<Session | null>}
 */
export async function connected() {
  try {
    const response = await fetch(new URL('models.json', base), { cache: 'no-cache' });
    const list = response.ok ? await response.json().catch(() => null) : null;
    if (list?.api !== true) return null;
    session = await ask('session');
    return session;
  } catch {
    return null;
  }
}

/**
 * Asks the server; a token that is old because the server has started anew is replaced once.
 * @param {string} path below /api/
 * @param {{method?: string, body?: Blob | string}} [request]
 * @returns {Promise<any>} what it answered
 */
export async function call(path, request = {}) {
  const writes = request.method !== undefined;
  if (writes && !session) session = await ask('session');
  try {
    return await ask(path, request);
  } catch (error) {
    if (!writes || !(error instanceof ServerError) || error.status !== 403) throw error;
    const before = session?.token;
    session = await ask('session');
    if (session?.token === before) throw error;
    return ask(path, request);
  }
}

/**
 * Starts a training in Python on pictures that are on the server.
 * @param {string} dataset
 * @param {{name: string, fineTune?: 'auto' | 'never' | 'always', seed?: number}} options name: of the model
 * @returns {Promise<Job>}
 */
export async function startTraining(dataset, { name, fineTune = 'auto', seed = 0 }) {
  const body = JSON.stringify({ name, fine_tune: fineTune, seed });
  const { job } = await call(`datasets/${encodeURIComponent(dataset)}/train`, { method: 'POST', body });
  return job;
}

/** @returns {Promise<Job[]>} */
export async function listJobs() {
  return (await call('jobs')).jobs;
}

/** @param {string} id */
export function cancelJob(id) {
  return call(`jobs/${encodeURIComponent(id)}`, { method: 'DELETE' });
}

/**
 * Tells of a training as it goes, from its beginning, over a server that is away for a while, until it is over.
 * @param {string} id
 * @param {{onJob?: (job: Job) => void, onLine?: (line: string) => void, signal?: AbortSignal}} [options]
 * @returns {Promise<Job>} done, failed or cancelled
 */
export function followJob(id, { onJob = () => {}, onLine = () => {}, signal } = {}) {
  const address = `jobs/${encodeURIComponent(id)}`;
  return new Promise((resolve, reject) => {
    /** @type {Job | null} */
    let latest = null;
    let lines = 0;
    const source = new EventSource(new URL(`api/${address}/events`, base));
    const end = () => source.close();
    const tell = (/** @type {Partial<Job>} */ part) => {
      latest = /** @type {Job} */ ({ ...latest, ...part });
      onJob(latest);
      if (!OVER.includes(latest.state)) return;
      end();
      resolve(latest);
    };
    const say = (/** @type {string} */ line) => {
      lines++;
      onLine(line);
    };
    const poll = async () => {
      if (signal?.aborted) return;
      try {
        const { lines: all = [], ...job } = await job_(address);
        if (signal?.aborted) return;
        for (const line of all.slice(lines)) say(line);
        tell(job);
      } catch (error) {
        if (!(error instanceof ServerGone)) {
          reject(error);
          return;
        }
      }
      if (!latest || !OVER.includes(latest.state)) setTimeout(poll, ASK_AGAIN);
    };
    source.addEventListener('state', ({ data }) => tell(JSON.parse(data)));
    source.addEventListener('progress', ({ data }) => tell(JSON.parse(data)));
    source.addEventListener('line', ({ data }) => say(JSON.parse(data).text));
    source.onerror = () => {
      // The browser tries again by itself unless the answer was no stream.
      if (source.readyState === EventSource.CLOSED) poll();
    };
    signal?.addEventListener('abort', () => {
      end();
      reject(signal.reason);
    });
  });
}

/**
 * Keeps a model on the server, beside those that were trained there.
 * @param {string} name
 * @param {import('../memory.js').Files} files a whole bundle
 * @param {{replace?: boolean}} [options] replace: in the place of one of that name
 * @returns {Promise<{url: string}>}
 */
export async function saveToServer(name, files, { replace = false } = {}) {
  const path = `models/${encodeURIComponent(name)}${replace ? '?replace=1' : ''}`;
  return call(path, { method: 'POST', body: await saveBundle(files) });
}

/**
 * @param {string} address
 * @returns {Promise<Job>}
 */
async function job_(address) {
  const answer = await call(address);
  return answer.job ?? answer;
}

/**
 * @param {string} path
 * @param {{method?: string, body?: Blob | string}} [request]
 * @returns {Promise<any>}
 */
async function ask(path, { method = 'GET', body } = {}) {
  let response;
  try {
    const headers = method === 'GET' ? undefined : { 'X-Pytrain-Token': session?.token ?? '' };
    response = await fetch(new URL(`api/${path}`, base), { method, body, headers, cache: 'no-store' });
  } catch {
    throw new ServerGone();
  }
  const content = await response.json().catch(() => null);
  if (response.ok) return content;
  // A proxy, or a server that is about to end, answers for one that is gone.
  if ([502, 504].includes(response.status)) throw new ServerGone();
  const error = content?.error ?? {
    what: `The server answered ${response.status} to ${method} ${path}.`,
    expected: null,
    fix: 'Load the page again.',
  };
  throw new ServerError(response.status, fromPlain({ expected: null, fix: null, ...error }));
}
