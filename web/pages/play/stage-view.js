// The stage: only the picture and the answer, as large as the screen, for installations. Escape leaves it.

import { byId } from '../dom.js';

/** The pointer goes away when it has been still this long, in milliseconds. */
const STILL = 2000;

/** @type {WakeLockSentinel | null} */
let awake = null;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let hiding;
let on = false;

export function onStage() {
  return on;
}

/** Whether the address asks for it: ?stage */
export function stageAsked() {
  return new URLSearchParams(location.search).has('stage');
}

/** The whole screen is given only to a click or a key; without one the stage fills the window. */
export async function enterStage() {
  on = true;
  document.documentElement.classList.add('on-stage');
  scrollTo(0, 0);
  hideSoon();
  keepAwake();
  await fill();
}

export async function leaveStage() {
  if (!on) return;
  on = false;
  document.documentElement.classList.remove('on-stage', 'still');
  clearTimeout(hiding);
  awake?.release().catch(() => {});
  awake = null;
  if (document.fullscreenElement) await document.exitFullscreen();
  byId('go-on-stage').focus();
}

async function fill() {
  if (document.fullscreenElement || !navigator.userActivation?.isActive) return;
  try {
    await document.documentElement.requestFullscreen({ navigationUI: 'hide' });
  } catch {
    // iPhones give no page the whole screen; the window is filled all the same.
  }
}

/** A screen that sleeps shows nothing. Where a browser cannot prevent it, the system's settings can. */
async function keepAwake() {
  try {
    const lock = await navigator.wakeLock?.request('screen');
    if (on) awake = lock ?? null;
    else lock?.release();
  } catch {
    // Not allowed now, with a low battery for example.
  }
}

function hideSoon() {
  document.documentElement.classList.remove('still');
  clearTimeout(hiding);
  hiding = setTimeout(() => document.documentElement.classList.toggle('still', on), STILL);
}

document.addEventListener('fullscreenchange', () => {
  if (!document.fullscreenElement) leaveStage(); // Escape, in full screen, never reaches the page
});
document.addEventListener('keydown', (event) => {
  if (!on) return;
  if (event.key === 'Escape') leaveStage();
  else fill();
});
document.addEventListener('pointerdown', () => on && fill());
document.addEventListener('pointermove', () => on && hideSoon(), { passive: true });
document.addEventListener('visibilitychange', () => {
  if (on && document.visibilityState === 'visible') keepAwake(); // the lock ends when the page is hidden
});
