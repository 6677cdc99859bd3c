// Sends answers to the server, which gives them to programs: Processing, TouchDesigner, an OSC bridge. docs/results.md

import { base } from '../../lib/version.js';
import { byId } from '../dom.js';
import { Newest } from './newest.js';

/** Milliseconds between two: at most 15 a second, as often as anything that listens can use. */
const EVERY = 67;

/** After a failure it tries again with the newest answer, this many milliseconds later. */
const AGAIN = 3000;

const TOKEN_HEADER = 'X-Pytrain-Token';
const HERE = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$|\.localhost$/;

const box = byId('send', HTMLInputElement);
const hint = byId('send-hint');
const newest = new Newest(post, EVERY);

/** Another one at every start of the server. */
let token = '';
/** What was sent last, but for its time. */
let last = '';
let stopped = 0;

/** Shows the switch where a server gives the page; a static site has nobody to send to. @param {boolean} there */
export function offerServer(there) {
  byId('to-server').hidden = !there;
  const where = HERE.test(location.hostname) ? 'this computer' : 'the computer that serves';
  byId('send-text').textContent = `Send to programs on ${where}`;
}

/** @param {import('./send.js').Message} message */
export function toServer(message) {
  if (!box.checked || performance.now() < stopped) return;
  const said = `${message.model}\n${message.answer}\n${message.known?.toFixed(2)}\n${message.results
    .map(({ label, confidence }) => `${label} ${confidence.toFixed(2)}`)
    .join('\n')}`;
  if (said === last) return;
  last = said;
  newest.put(message);
}

/** @param {import('./send.js').Message} message */
async function post(message) {
  try {
    let response = await attempt(message);
    if (response.status === 403) {
      token = ''; // the server was started again, perhaps
      response = await attempt(message);
    }
    if (response.ok) say(`Programs hear it at ${new URL('results', base)}`);
    else failed(await reason(response));
  } catch {
    failed('The server does not answer. It goes on by itself when the server is back.');
  }
}

/** @param {import('./send.js').Message} message */
async function attempt(message) {
  if (!token) {
    const session = await fetch(new URL('api/session', base));
    if (!session.ok) return session;
    token = (await session.json()).token;
  }
  return fetch(new URL('api/results', base), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', [TOKEN_HEADER]: token },
    body: JSON.stringify(message),
  });
}

/** @param {Response} response */
async function reason(response) {
  try {
    const { error } = await response.json();
    return [error.what, error.fix].filter(Boolean).join(' ');
  } catch {
    return `The server answered ${response.status}.`;
  }
}

/** @param {string} why */
function failed(why) {
  if (!box.checked) return;
  stopped = performance.now() + AGAIN;
  last = '';
  token = '';
  say(why);
}

/** @param {string} text */
function say(text) {
  if (box.checked && hint.textContent !== text) hint.textContent = text;
}

box.addEventListener('change', () => {
  newest.clear();
  last = '';
  stopped = 0;
  hint.textContent = box.checked ? 'The next answer is sent.' : '';
});
