// What surrounds a running sketch: its source to read and to copy, and a word when it cannot run.

import { cameraError } from '../lib/camera.js';
import { byId, copies } from './dom.js';
import { showMessage } from './message.js';

const source = byId('source');
const file = String(source.dataset.file);

/** Absolute addresses: what is copied works wherever it is pasted, while this server runs. @param {string} path */
const at = (path) => new URL(path, import.meta.url).href;

/** @param {string} code */
function withAddresses(code) {
  return code.replace(
    /new URL\('([^']+)', location\.href\)\.href/g,
    (_, path) => `'${new URL(path, location.href)}'`,
  );
}

function wholePage() {
  const scripts = String(source.dataset.scripts)
    .split(' ')
    .map((file) => `    <script src="${at(file)}"></script>\n`);
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
${scripts.join('')}    <script>
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
source.textContent = response.ok
  ? withAddresses(await response.text())
  : `${file} cannot be read (${response.status}).`;
