// What surrounds a running sketch: its source to read and to copy, the model to choose, a word when it cannot run.

import { cameraError } from '../lib/camera.js';
import { byId, copies } from './dom.js';
import { everyModel, fillModels, IN_BROWSER, openable } from './every-model.js';
import { LoadBar } from './load-bar.js';
import { showMessage } from './message.js';
import { asked } from './models.js';
import { showStatus } from './status.js';

/** What a sketch takes where its address names no model. */
const OTHERWISE = 'four-shapes';

/** How a sketch for two models asks for the other one. */
const SECOND = `get('second')`;

const source = byId('source');
const stage = byId('stage');
const select = byId('models', HTMLSelectElement);
const file = String(source.dataset.file);

/** Absolute addresses: what is copied works wherever it is pasted, while this server runs. @param {string} path */
const at = (path) => new URL(path, import.meta.url).href;

/**
 * What the copied sketch opens, in quotes; a model of this browser from a folder beside the page.
 * @param {string} address
 */
function quoted(address) {
  const own = address.startsWith(IN_BROWSER);
  const name = own ? `./${encodeURIComponent(address.slice(IN_BROWSER.length))}/` : address;
  return `'${name.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/** The sketch as it is copied: with whole addresses, and with the models that were chosen here. @param {string} code */
function toCopy(code) {
  const model = quoted(asked().model ?? OTHERWISE);
  const other = second() ? quoted(second()) : 'model';
  return code
    .replaceAll(`?? '${OTHERWISE}'`, () => `?? ${model}`)
    .replaceAll(`${SECOND} ?? model`, () => `${SECOND} ?? ${other}`)
    .replace(/new URL\((['`])([^'`]+)\1, location\.href\)\.href/g, (_, quote, path) => {
      const whole = new URL(path, location.href).href.replace(/%7B/g, '{').replace(/%7D/g, '}');
      return quote + whole + quote;
    });
}

function wholePage() {
  const scripts = String(source.dataset.scripts)
    .split(' ')
    .map((file) => `    <script src="${at(file)}"></script>\n`);
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>${document.querySelector('h1')?.textContent}</title>
    <style>
      @font-face { font-family: 'Bricolage Grotesque'; font-weight: 200 800; src: url('${at('fonts/bricolage-grotesque.woff2')}'); }
      body { display: grid; place-items: center; min-height: 100vh; margin: 0; background: #141413; }
      canvas { width: min(100vw, 100vh) !important; height: auto !important; }
    </style>
${scripts.join('')}    <script>
${source.textContent}
    </script>
  </head>
  <body><main></main></body>
</html>
`;
}

/**
 * Stands before the library: a model of this browser's storage has no address, so that the sketch gets its files instead;
 * and the page shows how far each load is and what is put right meanwhile.
 */
function standBefore() {
  const library = /** @type {any} */ (window).pytrain;
  if (!library) return;
  const bar = new LoadBar(byId('loading'));
  let loads = 0;
  /** @param {any} model @param {any} options */
  const imageClassifier = async (model, options) => {
    loads++;
    bar.begin('Loading the model');
    try {
      return await library.imageClassifier(typeof model === 'string' ? await openable(model) : model, {
        onProgress: bar.show.bind(bar),
        onStatus: (/** @type {{text: string}} */ { text }) => showStatus(text),
        ...options,
      });
    } finally {
      if (--loads === 0) bar.end();
    }
  };
  /** @type {any} */ (window).pytrain = { ...library, imageClassifier };
}

async function offerModels() {
  const { model } = asked();
  const ofLibrary = 'pytrain' in window;
  const models = (await everyModel()).filter(({ address }) => ofLibrary || !address.startsWith(IN_BROWSER));
  byId('beside').hidden = ![model, second()].some((address) => address?.startsWith(IN_BROWSER));
  const shown = fillModels(select, models, model ?? (has(models, OTHERWISE) ? OTHERWISE : null));
  select.addEventListener('change', () => go({ model: select.value }));
  const missing = !model && shown && shown !== OTHERWISE ? { model: shown } : null;
  const other = shown && takesSecond ? offerSecond(models, shown) : null;
  if (missing || other) go({ ...missing, ...other });
}

/**
 * A sketch for two models gets another one by itself: one that knows some of the same things.
 * @param {import('./every-model.js').Choice[]} models
 * @param {string} first
 * @returns {{second: string} | null} what the address does not say yet
 */
function offerSecond(models, first) {
  const ofFirst = models.find(({ address }) => address === first)?.labels ?? [];
  const other = models.find(
    ({ address, error, labels = [] }) =>
      address !== first && !error && labels.some((label) => ofFirst.includes(label)),
  );
  byId('second-field').hidden = false;
  const others = byId('second', HTMLSelectElement);
  fillModels(others, models, second() || (other?.address ?? first));
  others.addEventListener('change', () => go({ second: others.value }));
  return other && !second() ? { second: other.address } : null;
}

/** The second model that the address asks for. */
function second() {
  return new URLSearchParams(location.search).get('second') ?? '';
}

/**
 * @param {import('./every-model.js').Choice[]} models
 * @param {string} address
 */
function has(models, address) {
  return models.some((model) => model.address === address);
}

/** @param {{model?: string, second?: string}} chosen */
function go(chosen) {
  const url = new URL(location.href);
  for (const [name, value] of Object.entries(chosen)) url.searchParams.set(name, value);
  location.replace(url);
}

/** p5.js tells the console only that there is no camera; whoever looks at the page should read it too. */
function tellOfCamera() {
  const devices = navigator.mediaDevices;
  if (!devices) return;
  const open = devices.getUserMedia.bind(devices);
  devices.getUserMedia = async (wanted) => {
    try {
      return await open(wanted);
    } catch (error) {
      showMessage('sketch', cameraError(error));
      throw error;
    }
  };
}

window.addEventListener('unhandledrejection', ({ reason }) => {
  showMessage('sketch', reason instanceof DOMException ? cameraError(reason) : reason);
});
window.addEventListener('error', ({ error }) => error && showMessage('sketch', error));
byId('full').hidden = !document.fullscreenEnabled;
byId('full').addEventListener('click', () => stage.requestFullscreen());
// Whatever a click does in a sketch, Enter does too.
stage.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' && event.key !== ' ') return;
  event.preventDefault();
  stage.querySelector('canvas')?.click();
});

standBefore();
tellOfCamera();
copies(byId('copy'), () => source.textContent);
copies(byId('copy-page'), wholePage);
const response = await fetch(file);
source.textContent = response.ok
  ? toCopy(await response.text())
  : `${file} cannot be read (${response.status}).`;
const takesSecond = source.textContent?.includes(SECOND);
const takesModel = source.textContent?.includes(`get('model')`);
byId('model-field').hidden = !takesModel;
if (takesModel) await offerModels().catch((error) => showMessage('sketch', error));
