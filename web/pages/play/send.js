// Gives every answer to others: windows of this browser, the page around or behind this one, the server. docs/results.md

import { toServer } from './to-server.js';

const CHANNEL = 'pytrain';

/** Of a model with many classes the best are enough, and light. */
const MOST = 20;

/**
 * What others receive; docs/results.md is about it.
 * @typedef {{type: 'pytrain.results', model: string, answer: string, results: {label: string, confidence: number}[],
 *   known?: number, time: number}} Message
 */

const channel = 'BroadcastChannel' in globalThis ? new BroadcastChannel(CHANNEL) : null;

/** The page that shows this one in a frame, and the one that opened it. */
const around = window.parent === window ? null : window.parent;
const opener = /** @type {Window | null} */ (window.opener);

/**
 * @param {import('../../lib/results.js').Results} results
 * @param {string} model
 * @returns {Message}
 */
export function messageOf(results, model) {
  const best = results.slice(0, MOST).map(({ label, confidence }) => ({ label, confidence }));
  /** @type {Message} */
  const message = { type: 'pytrain.results', model, answer: results.answer, results: best, time: Date.now() };
  if (results.known !== undefined) message.known = results.known;
  return message;
}

/**
 * @param {import('../../lib/results.js').Results} results
 * @param {string} model
 */
export function send(results, model) {
  const message = messageOf(results, model);
  channel?.postMessage(message);
  // Labels and how sure of them, no picture: whoever opened this page may know that.
  for (const target of [around, opener]) target?.postMessage(message, '*');
  toServer(message);
}

/**
 * Code for copying: a page that hears the answers of this one, wherever it lies.
 * @param {string} address of this page
 */
export function listener(address) {
  return `<button>Open the camera page</button>
<p id="answer"></p>
<script>
  const page = '${address.replaceAll("'", '%27')}';
  document.querySelector('button').onclick = () => window.open(page);
  window.addEventListener('message', ({ data, origin }) => {
    if (origin !== new URL(page).origin || data.type !== 'pytrain.results') return;
    document.querySelector('#answer').textContent = data.answer;
  });
</script>
`;
}
