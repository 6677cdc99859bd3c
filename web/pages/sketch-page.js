// What surrounds a running sketch: its source to read and to copy, and a word when it cannot run.

import { cameraError } from '../lib/camera.js';
import { byId, copies } from './dom.js';
import { showMessage } from './message.js';

const source = byId('source');
const file = String(source.dataset.file);

/** A page with absolute addresses, so that it works wherever it is pasted while this server runs. */
function wholePage() {
  const at = (/** @type {string} */ path) => new URL(path, import.meta.url).href;
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <script src="${at('vendor/p5.min.js')}"></script>
    <script src="${at('pytrain.js')}"></script>
    <script>
${source.textContent}
    </script>
  </head>
  <body><main></main></body>
</html>
`;
}

// p5.js and the sketch report in their own ways; people who only look at the page should read it too.
window.addEventListener('unhandledrejection', ({ reason }) => {
  const ofCamera = reason instanceof DOMException;
  showMessage('sketch', ofCamera ? cameraError(reason) : reason);
});
window.addEventListener('error', ({ error }) => error && showMessage('sketch', error));

copies(byId('copy'), () => source.textContent);
copies(byId('copy-page'), wholePage);
const response = await fetch(file);
source.textContent = response.ok ? await response.text() : `${file} cannot be read (${response.status}).`;
