// The pictures that classifyStart looks at: the newest one, when there is a new one, and when somebody can see it.

import { keepPlaying } from './playing.js';
import { whenReady } from './sources.js';

/** A video that has not moved on is looked at again after this time all the same, in milliseconds. */
const STILL_VIDEO = 250;

/** A video without a picture is told of after this time; a camera takes a moment to start. */
const TELL_AFTER = 1500;

/** @typedef {(status: import('./options.js').Status) => void} Tell */

export class Frames {
  #source;
  #tell;
  #end = new AbortController();
  #stopPlaying = () => {};
  /** Which frame of the video the last picture was, and when that was. */
  #shown = -1;
  #since = 0;
  /** What is told to be missing. @type {string | null} */
  #missing = null;

  /**
   * @param {import('./sources.js').Ready} source
   * @param {Tell} tell
   */
  constructor(source, tell) {
    this.#source = source;
    this.#tell = tell;
    if (isVideo(source)) this.#stopPlaying = keepPlaying(source);
  }

  get ended() {
    return this.#end.signal.aborted;
  }

  end() {
    this.#stopPlaying();
    this.#end.abort();
  }

  /**
   * Waits for the browser's next picture, for a video to have one, and for it to move on: classifying a frame twice
   * tells nothing new. Nothing is looked at while the page is hidden.
   * @returns {Promise<void>}
   */
  async next() {
    const source = this.#source;
    if (!isVideo(source)) {
      await whenReady(source);
      await this.#turn();
      return;
    }
    const begin = performance.now();
    /** @type {string | null} */
    let missing;
    do {
      await this.#turn();
      if (this.ended) return;
      if (source.error) await whenReady(source); // which says what is wrong with it
      missing = missingFrom(source);
      if (missing === null || performance.now() - begin > TELL_AFTER) this.#tellOf(missing);
    } while (missing !== null || this.#still(source));
    this.#since = performance.now();
    this.#shown = frameOf(source);
  }

  /** @param {HTMLVideoElement} video */
  #still(video) {
    return frameOf(video) === this.#shown && performance.now() - this.#since < STILL_VIDEO;
  }

  /** @param {string | null} missing */
  #tellOf(missing) {
    if (missing === this.#missing) return;
    this.#missing = missing;
    if (missing === null) this.#tell({ kind: 'pictures', text: 'The pictures go on.' });
    else this.#tell({ kind: 'no-pictures', text: missing });
  }

  /** The browser's next picture, when the page is seen. */
  async #turn() {
    if (document.visibilityState === 'hidden') {
      this.#tell({ kind: 'asleep', text: 'Nothing is classified while the page is hidden.' });
      await this.#seen();
      if (!this.ended) this.#tell({ kind: 'awake', text: 'The page is seen again: classifying goes on.' });
    }
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }

  /** @returns {Promise<void>} when the page is seen, or this has ended */
  #seen() {
    return new Promise((resolve) => {
      const { signal } = this.#end;
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
      const check = () => {
        if (document.visibilityState === 'hidden') return;
        document.removeEventListener('visibilitychange', check);
        resolve();
      };
      document.addEventListener('visibilitychange', check, { signal });
    });
  }
}

/**
 * @param {import('./sources.js').Ready} source
 * @returns {source is HTMLVideoElement}
 */
function isVideo(source) {
  return 'videoWidth' in source;
}

/**
 * Why no picture will come, in words.
 * @param {HTMLVideoElement} video
 * @returns {string | null}
 */
function missingFrom(video) {
  const stream = video.srcObject;
  const track = stream && 'getVideoTracks' in stream ? stream.getVideoTracks()[0] : undefined;
  if (track?.readyState === 'ended') return 'The camera is gone; waiting for another one.';
  return video.readyState >= 2 && video.videoWidth > 0
    ? null
    : 'The video gives no picture yet; waiting for it.';
}

/**
 * A number that changes when the video shows another frame. The time of a camera runs on between two frames, so it is
 * asked only where a browser counts no frames of cameras.
 * @param {HTMLVideoElement} video
 */
export function frameOf(video) {
  return video.getVideoPlaybackQuality?.().totalVideoFrames || video.currentTime;
}
