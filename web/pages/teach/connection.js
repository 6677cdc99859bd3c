// Whether pytrain serve is there, and sending it the pictures of projects that are trained in Python.

import { connected } from '../../lib/studio/server.js';
import { keepUploaded } from '../../lib/studio/uploads.js';
import { byId } from '../dom.js';
import { offerPhone } from '../phone.js';
import { modelsOf, rememberModels } from './remembered.js';
import { on, plural, studio, tell } from './studio.js';

/** @typedef {import('../../lib/studio/uploads.js').UploadState} UploadState */

const always = byId('always-send', HTMLInputElement);
const hint = byId('train-hint');

/** @type {import('../../lib/studio/server.js').Session | null} */
let session = null;
/** @type {import('../../lib/studio/uploads.js').Uploads | null} */
let uploads = null;
/** @type {Set<(state: UploadState) => void>} */
const listeners = new Set();

/** Whether there is a server that trains. */
export const hasServer = () => session !== null;

/** Looks for the server; one that was there once is expected back. */
export async function findServer() {
  const found = await connected();
  if (!found || session) return;
  session = found;
  offerPhone(found.share);
  tell('server');
  sendIfWanted();
}

/**
 * Sends the pictures of the open project from now on, and remembers that it shall.
 * @param {(state: UploadState) => void} [onState]
 */
export function send(onState) {
  const { project } = studio;
  if (!project) throw new Error('No project is open.');
  if (onState) listeners.add(onState);
  if (!uploads) {
    rememberModels(project.name, { sent: true });
    uploads = keepUploaded(project, show);
    always.checked = true;
  }
  return {
    settled: (/** @type {AbortSignal} */ signal) =>
      /** @type {import('../../lib/studio/uploads.js').Uploads} */ (uploads).settled(signal),
    end: () => onState && listeners.delete(onState),
  };
}

function stopSending() {
  uploads?.end();
  uploads = null;
  hint.textContent = '';
}

/** @param {UploadState} state */
function show(state) {
  const { phase, left, error } = state;
  const pictures = plural(left, 'picture');
  hint.textContent = {
    sent: '',
    sending: `Sending ${pictures}`,
    waiting: `${pictures} ${left === 1 ? 'waits' : 'wait'} for the server`,
    refused: 'The server refuses pictures',
  }[phase];
  hint.title = error?.message ?? '';
  hint.dataset.phase = phase;
  for (const listener of listeners) listener(state);
}

function sendIfWanted() {
  const { project } = studio;
  always.disabled = !session || !project;
  always.checked = Boolean(project && modelsOf(project.name).sent);
  if (session && always.checked && !uploads) send();
}

always.addEventListener('change', () => {
  if (always.checked) {
    send();
    return;
  }
  if (studio.project) rememberModels(studio.project.name, { sent: false });
  stopSending();
});
on('project', () => {
  stopSending();
  sendIfWanted();
});
window.addEventListener('focus', () => {
  if (!session) findServer();
});
window.addEventListener('online', findServer);
