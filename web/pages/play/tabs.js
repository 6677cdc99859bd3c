// The four tabs: camera, picture, video, drawing pad.

import { byId } from '../dom.js';
import { clearMessage } from '../message.js';
import { startCamera, stopCamera } from './camera-view.js';
import { restClip } from './clip.js';
import { hideHeat } from './heat-map.js';
import { showHistory } from './history.js';
import { look } from './look.js';
import { hideMask } from './mask-view.js';
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
  if (state.source === 'clip') restClip();
  state.source = name;
  hideHeat();
  hideMask();
  showHistory(name === 'camera' || name === 'clip');
  clearMessage('camera');
  clearMessage('picture');
  clearMessage('clip');
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
