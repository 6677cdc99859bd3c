// Keys for the whole page: hold a number to record its class, undo, train.

import { byId } from '../dom.js';
import { toggleCamera } from './camera-zone.js';
import { addClass } from './classes.js';
import { KEYS } from './hold-button.js';
import { startRecording, stopRecording } from './recording.js';
import { undo } from './remove.js';
import { studio } from './studio.js';

/** The number whose key is down. @type {string | null} */
let down = null;

/** @type {Record<string, () => void>} */
const ACTIONS = {
  n: addClass,
  c: toggleCamera,
  t: () => byId('theme').click(),
};

/** @param {EventTarget | null} target */
function types(target) {
  return (
    target instanceof HTMLElement &&
    target.matches(
      'select, textarea, input:not([type="range"], [type="radio"], [type="checkbox"], [type="file"])',
    )
  );
}

/** @param {KeyboardEvent} event */
function press(event) {
  if (document.querySelector('dialog[open]')) return;
  const control = event.ctrlKey || event.metaKey;
  if (control && event.key === 'Enter') {
    byId('train-here').click();
    event.preventDefault();
    return;
  }
  if (types(event.target) || event.altKey) return;
  if (control) {
    if (event.key.toLowerCase() !== 'z' || event.shiftKey) return;
    event.preventDefault();
    undo();
    return;
  }
  const number = Number(event.key);
  const one =
    Number.isInteger(number) && number >= 1 && number <= KEYS && studio.project?.classes[number - 1];
  const run = ACTIONS[event.key.toLowerCase()];
  if (!one && !run) return;
  event.preventDefault();
  if (event.repeat) return;
  if (one) {
    down = event.key;
    startRecording(one.id);
  } else {
    run();
  }
}

/** @param {KeyboardEvent} event */
function release(event) {
  if (event.key === down) end();
}

function end() {
  if (down === null) return;
  down = null;
  stopRecording();
}

document.addEventListener('keydown', press);
document.addEventListener('keyup', release);
window.addEventListener('blur', end);
document.addEventListener('visibilitychange', end);
