// The three tabs: camera, picture, drawing pad.

import { startCamera, stopCamera } from './camera-view.js';
import { byId } from './dom.js';
import { look } from './look.js';
import { clearMessage } from './message.js';
import { camera, state } from './state.js';

/** @typedef {import('./state.js').SourceName} SourceName */

const tabs = /** @type {HTMLElement[]} */ ([...document.querySelectorAll('[role="tab"]')]);

/** The camera was on when another source was chosen. */
let cameraWasOn = false;

/** @param {SourceName} name */
export function chooseSource(name) {
  if (state.source === name) return;
  if (state.source === 'camera') {
    cameraWasOn = camera.running;
    stopCamera();
  }
  state.source = name;
  clearMessage('camera');
  clearMessage('picture');
  for (const tab of tabs) {
    const own = tab.dataset.source === name;
    tab.setAttribute('aria-selected', String(own));
    tab.tabIndex = own ? 0 : -1;
    byId(String(tab.getAttribute('aria-controls'))).hidden = !own;
  }
  if (name === 'camera' && cameraWasOn) startCamera();
  else look();
}

/**
 * Arrow keys go from tab to tab, as screen readers expect.
 * @param {KeyboardEvent} event
 */
function move(event) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const next = tabs.at((tabs.indexOf(/** @type {HTMLElement} */ (event.currentTarget)) + step) % tabs.length);
  next?.focus();
  next?.click();
}

for (const tab of tabs) {
  tab.addEventListener('click', () => chooseSource(/** @type {SourceName} */ (tab.dataset.source)));
  tab.addEventListener('keydown', move);
}
