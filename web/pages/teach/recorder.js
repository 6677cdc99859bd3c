// Records the camera while a button is held: frames at the chosen rate, one recording after the other.

import { frameOf } from '../../lib/frames.js';
import { fromFrame } from '../../lib/studio/pictures.js';

/** So many frames may wait to become pictures; on a slow device further ones are left out. */
const MOST_WAITING = 6;

/** A frame may come this much too early, in milliseconds: screens do not beat in our time. */
const EARLY = 4;

/** @typedef {{blob: Blob, recording: string}} Shot */
/** @typedef {import('./keeper.js').Home} Home */

let recordings = 0;

export class Recorder {
  /** @type {{home: Home, name: string, count: number, due: number, frame: number} | null} */
  #recording = null;
  #making = 0;
  /** Which of the video's frames was taken last. */
  #last = -1;

  /** Frames a second. */
  rate = 10;

  /** The number of frames of this recording has changed, or another one began or ended. */
  onChange = () => {};

  /**
   * @param {HTMLVideoElement} video
   * @param {(home: Home, shot: Shot) => void} keep gets every frame, in the order in which they were taken
   * @param {(error: unknown) => void} onError
   */
  constructor(video, keep, onError) {
    this.video = video;
    this.keep = keep;
    this.onError = onError;
  }

  /** What is being recorded: the class, and how many frames so far. */
  get now() {
    return this.#recording && { classId: this.#recording.home.classId, count: this.#recording.count };
  }

  /** @param {Home} home the class that is recorded for */
  start(home) {
    this.stop();
    this.#recording = {
      home,
      name: `${Date.now().toString(36)}-${recordings++}`,
      count: 0,
      due: performance.now(),
      frame: 0,
    };
    this.#step();
    this.onChange();
  }

  /** @returns {number} how many frames there are of the recording that ends */
  stop() {
    const ended = this.#recording;
    if (!ended) return 0;
    cancelAnimationFrame(ended.frame);
    this.#recording = null;
    this.onChange();
    return ended.count;
  }

  #step() {
    const recording = this.#recording;
    if (!recording) return;
    recording.frame = requestAnimationFrame(() => this.#step());
    const time = performance.now();
    if (time < recording.due - EARLY || this.#making >= MOST_WAITING || this.video.readyState < 2) return;
    // A camera that is slower than the rate, or stands still, shows the same frame again.
    const shown = frameOf(this.video);
    if (shown === this.#last) return;
    this.#last = shown;
    // After a pause it goes on from now: no burst makes up for it.
    recording.due = Math.max(recording.due + 1000 / this.rate, time);
    recording.count++;
    this.#take(recording.home, recording.name);
    this.onChange();
  }

  /** @type {Promise<unknown>} */
  #order = Promise.resolve();

  /**
   * @param {Home} home
   * @param {string} name
   */
  #take(home, name) {
    this.#making++;
    const made = fromFrame(this.video);
    this.#order = this.#order.then(async () => {
      try {
        this.keep(home, { blob: await made, recording: name });
      } catch (error) {
        this.onError(error);
      } finally {
        this.#making--;
      }
    });
    made.catch(() => {}); // told above, in its turn
  }
}
