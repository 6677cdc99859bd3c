// From what was asked for to a network that answers: where it lies, its files, its engine.

import { readManifest, readWeights } from './contract.js';
import { PytrainError } from './errors.js';
import { isInMemory, memoryReader } from './memory.js';
import { httpReader, locate } from './place.js';
import { startRunner } from './runner.js';
import { base, version } from './version.js';

/** @typedef {string | import('./memory.js').FilesOfModel} Model */

/**
 * @typedef {object} Loaded
 * @property {string} name
 * @property {string} url '' for a model in memory
 * @property {import('./contract.js').Reader} reader
 * @property {import('./contract.js').Manifest} manifest
 * @property {import('./runner.js').Runner} runner
 */

/**
 * @param {Model} model
 * @param {import('./options.js').Settings} settings
 * @param {string} caller what to call the function that was asked, in an error
 * @param {(manifest: import('./contract.js').Manifest) => void} [check] throws where the model will not do
 * @returns {Promise<Loaded>}
 */
export async function load(model, settings, caller, check = () => {}) {
  if (new URL(base).protocol === 'file:') {
    throw new PytrainError(
      'The page was opened as a file.',
      'http or https: browsers let a file load neither models nor workers',
      'Start a web server in its folder, for example with: pytrain serve',
    );
  }
  const onError = onceEach(settings.onError);
  const { onStatus } = settings;
  const place = find(model, caller);
  const manifest = await readManifest(place.reader, settings.format ?? place.format);
  check(manifest);
  const bundle = readWeights(place.reader, manifest, settings.onProgress);
  const runner = await startRunner(bundle, {
    backend: settings.backend,
    base,
    format: manifest.format,
    memoryKey: `${version} ${manifest.fingerprint} ${globalThis.navigator.userAgent}`,
    onError,
    onStatus,
  });
  return { name: place.name, url: place.url, reader: place.reader, manifest, runner };
}

/**
 * @param {Model} model
 * @param {string} caller
 * @returns {{name: string, url: string, format?: import('./contract.js').Format, reader: import('./contract.js').Reader}}
 */
function find(model, caller) {
  if (isInMemory(model)) return { name: model.name, url: '', reader: memoryReader(model) };
  const place = locate(model, base, globalThis.document?.baseURI ?? base, caller);
  return { ...place, reader: httpReader(place) };
}

/**
 * One failure can reach us on several ways: as the loss of a worker and as the answer that did not come.
 * @param {(error: Error) => void} tell
 * @returns {(error: Error) => void}
 */
function onceEach(tell) {
  const told = new WeakSet();
  return (error) => {
    if (told.has(error)) return;
    told.add(error);
    tell(error);
  };
}
