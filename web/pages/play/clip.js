// A video from a file: play, pause, go to a place; it is looked at like the camera.

import { PytrainError } from '../../lib/errors.js';
import { byId } from '../dom.js';
import { clearMessage, showMessage } from '../message.js';
import { look } from './look.js';
import { clip } from './state.js';

const play = byId('play', HTMLButtonElement);
const seek = byId('seek', HTMLInputElement);
const clock = byId('clock');

/** Far behind the end of every video: going there makes a browser find out how long one is. */
const FAR = 1e7;

/** @param {File} file */
export async function openClip(file) {
  clearMessage('clip');
  const former = clip.src;
  clip.src = URL.createObjectURL(file);
  if (former) URL.revokeObjectURL(former);
  try {
    await ready(clip);
  } catch {
    showEmpty();
    showMessage(
      'clip',
      new PytrainError(
        `${file.name} is not a video that this browser can play.`,
        'an MP4 (H.264) or WebM file',
        'Save it as MP4 first, or choose another one.',
      ),
    );
    return;
  }
  clip.hidden = false;
  byId('clip-invite').hidden = true;
  byId('clip-other').hidden = false;
  play.disabled = seek.disabled = false;
  clip.setAttribute('aria-label', `The video ${file.name}`);
  await clip.play().catch(() => {}); // a tab in the background may not; the button is there
  await look();
}

function showEmpty() {
  URL.revokeObjectURL(clip.src);
  clip.removeAttribute('src');
  clip.load();
  clip.hidden = true;
  byId('clip-invite').hidden = false;
  byId('clip-other').hidden = true;
  play.disabled = seek.disabled = true;
  clock.textContent = time(0);
}

/** @param {HTMLVideoElement} video */
async function ready(video) {
  await heard(video, 'loadeddata');
  if (video.videoWidth === 0) throw new Error('only sound');
  if (Number.isFinite(video.duration)) return;
  // What a browser has recorded does not say how long it is.
  video.currentTime = FAR;
  await heard(video, 'seeked');
  video.currentTime = 0;
  await heard(video, 'seeked');
}

/**
 * @param {HTMLVideoElement} video
 * @param {string} event
 */
function heard(video, event) {
  return new Promise((resolve, reject) => {
    video.addEventListener(event, resolve, { once: true });
    video.addEventListener('error', reject, { once: true });
  });
}

export async function togglePlay() {
  if (play.disabled) return;
  if (clip.paused) await clip.play().catch(() => {});
  else clip.pause();
}

/** The video stands still while something else is looked at. */
export function restClip() {
  clip.pause();
}

/** @param {number} seconds */
function time(seconds) {
  const whole = Math.floor(seconds || 0);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

function showTime() {
  if (!Number.isFinite(clip.duration)) return;
  const text = `${time(clip.currentTime)} / ${time(clip.duration)}`;
  seek.value = String(clip.currentTime / clip.duration);
  if (clock.textContent === text) return;
  clock.textContent = text;
  seek.setAttribute('aria-valuetext', `${time(clip.currentTime)} of ${time(clip.duration)}`);
}

for (const event of ['play', 'pause']) {
  clip.addEventListener(event, () => {
    play.textContent = clip.paused ? 'Play' : 'Pause';
    if (!play.disabled) look();
  });
}
clip.addEventListener('timeupdate', showTime);
clip.addEventListener('seeked', () => {
  showTime();
  if (!play.disabled && clip.paused) look();
});
seek.addEventListener('input', () => {
  clip.currentTime = Number(seek.value) * clip.duration;
});
play.addEventListener('click', togglePlay);
