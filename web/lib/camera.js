// The webcam: opening it in a video element, choosing one, keeping it going, and saying plainly why it is not there.

import { PytrainError } from './errors.js';
import { keepPlaying } from './playing.js';

/** Enough for a 224 x 224 input, and light for every device. */
const WANTED = { width: { ideal: 640 }, height: { ideal: 480 } };

/** Some browsers do not tell when a track has ended; it is looked at this often, in milliseconds. */
const WATCH_EVERY = 1000;

/**
 * What to tell somebody whose camera does not open.
 * @param {unknown} error what getUserMedia rejected with
 * @returns {PytrainError}
 */
export function cameraError(error) {
  const name = /** @type {any} */ (error)?.name;
  if (name === 'NotAllowedError' || name === 'SecurityError') {
    return new PytrainError(
      'The camera is not allowed for this page.',
      null,
      'Click the camera sign beside the address, allow the camera, then start it again.',
    );
  }
  if (name === 'NotFoundError') {
    return new PytrainError(
      'No camera was found.',
      null,
      'Plug one in and start it again. Without a camera, use a picture or draw.',
    );
  }
  if (name === 'NotReadableError' || name === 'AbortError') {
    return new PytrainError(
      'The camera does not answer; another program may be using it.',
      null,
      'Close other programs that show video, then start it again.',
    );
  }
  if (name === 'OverconstrainedError') {
    return new PytrainError('That camera is not there any more.', null, 'Choose another camera.');
  }
  return new PytrainError(
    `The camera could not be started: ${/** @type {any} */ (error)?.message ?? error}.`,
    null,
    'Start it again, or use a picture.',
  );
}

/** Which way a camera of a phone looks: at the person who holds it, or away. @typedef {'user' | 'environment'} Facing */

/**
 * The cameras that this page may know of; names are empty until one was allowed.
 * @returns {Promise<{id: string, name: string, facing: Facing | null}[]>} facing: null where nobody says
 */
export async function listCameras() {
  const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  return devices
    .filter((device) => device.kind === 'videoinput')
    .map((device, index) => ({
      id: device.deviceId,
      name: device.label || `Camera ${index + 1}`,
      facing: facingOf(/** @type {any} */ (device).getCapabilities?.().facingMode, device.label),
    }));
}

/**
 * @param {unknown} mode a facingMode, or several
 * @param {string} label
 * @returns {Facing | null}
 */
export function facingOf(mode, label) {
  const said = [mode].flat();
  if (said.includes('environment') || /\b(back|rear)\b/i.test(label)) return 'environment';
  return said.includes('user') || /\bfront\b/i.test(label) ? 'user' : null;
}

/** One camera in one video element. */
export class Camera {
  /** @type {MediaStreamTrack | null} */
  #track = null;
  /** The camera that went away while it was on. @type {string | null} */
  #lost = null;
  #starts = 0;

  /** The camera was unplugged or taken away. */
  onGone = () => {};
  /** It is there again and runs. */
  onBack = () => {};
  /** It is on, but gives no pictures: a call came, or another program took it. */
  onStill = () => {};
  /** It gives pictures again. */
  onMoving = () => {};
  /** Cameras came or went. */
  onList = () => {};

  /** @param {HTMLVideoElement} video is made muted and playsinline, or iPhones would show nothing */
  constructor(video) {
    this.video = video;
    video.muted = true;
    video.playsInline = true;
    keepPlaying(video);
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') this.#comeBack();
    });
    navigator.mediaDevices?.addEventListener('devicechange', () => this.#devicesChanged());
    setInterval(() => {
      if (this.#track?.readyState === 'ended') this.#gone();
    }, WATCH_EVERY);
  }

  get running() {
    return this.#track !== null;
  }

  get id() {
    return this.#track?.getSettings().deviceId ?? '';
  }

  /** Which way it looks; null where nobody says. */
  get facing() {
    return this.#track ? facingOf(this.#track.getSettings().facingMode, this.#track.label) : null;
  }

  /** Whether it looks away from the person who holds the device; such a picture must not be mirrored. */
  get looksAway() {
    return this.facing === 'environment';
  }

  /** Goes on with the camera of the other side of a phone. */
  turn() {
    return this.start({ facing: this.looksAway ? 'user' : 'environment' });
  }

  /**
   * @param {string | {facing: Facing}} [which] as listCameras gives it, or the side of a phone; unless told, its back
   * @returns {Promise<boolean>} false if it was stopped or started again meanwhile
   */
  async start(which = { facing: 'environment' }) {
    if (!navigator.mediaDevices?.getUserMedia) {
      throw new PytrainError(
        'This browser gives no camera to this address.',
        'https, or http://localhost',
        'Open the page by https, or on the computer where pytrain serve runs.',
      );
    }
    const mine = ++this.#starts;
    const stream = await this.#open(
      typeof which === 'string' ? { deviceId: { exact: which } } : { facingMode: { ideal: which.facing } },
    );
    if (mine !== this.#starts) {
      for (const track of stream.getTracks()) track.stop();
      return false;
    }
    this.#release();
    const [track] = stream.getVideoTracks();
    this.#track = track;
    this.#lost = null;
    track.addEventListener('ended', () => {
      if (this.#track === track) this.#gone();
    });
    let played = true;
    track.addEventListener('mute', () => {
      played = !this.video.paused;
      if (this.#track === track) this.onStill();
    });
    track.addEventListener('unmute', () => {
      if (this.#track !== track) return;
      // Phones leave the video paused after a call.
      if (played && this.video.paused) this.video.play().catch(() => {});
      this.onMoving();
    });
    intoDocument(this.video);
    this.video.srcObject = stream;
    try {
      await this.video.play();
    } catch (error) {
      // A second start or a stop interrupts play(); that is no failure of the camera.
      if (mine === this.#starts) throw cameraError(error);
    }
    return mine === this.#starts;
  }

  stop() {
    this.#starts++;
    this.#lost = null;
    this.#release();
  }

  /**
   * @param {MediaTrackConstraints} which
   * @returns {Promise<MediaStream>}
   */
  async #open(which) {
    const open = () => navigator.mediaDevices.getUserMedia({ video: { ...WANTED, ...which }, audio: false });
    try {
      return await open();
    } catch (error) {
      // Some phones open no second camera while the first is on.
      if (/** @type {any} */ (error)?.name !== 'NotReadableError' || !this.#track) throw cameraError(error);
      this.#release();
    }
    try {
      return await open();
    } catch (error) {
      throw cameraError(error);
    }
  }

  #release() {
    this.#track?.stop();
    this.#track = null;
    this.video.srcObject = null;
  }

  #gone() {
    this.#lost = this.id;
    this.#starts++;
    this.#release();
    this.onGone();
  }

  async #devicesChanged() {
    const cameras = await listCameras();
    this.onList();
    const named = cameras.some(({ id }) => id !== '');
    if (this.#track && named && !cameras.some(({ id }) => id === this.id)) {
      this.#gone();
    } else if (cameras.some(({ id }) => id === this.#lost)) {
      await this.#comeBack();
    }
  }

  /** Opens the camera that went away; phones take it while the page is not seen. */
  async #comeBack() {
    const lost = this.#lost;
    if (lost === null) return;
    // If it does not open, the message that it is gone still stands; the next change tries again.
    if (await this.start(lost || undefined).catch(() => false)) this.onBack();
  }
}

/**
 * An iPhone gives no pictures to a video outside of the document.
 * @param {HTMLVideoElement} video
 */
function intoDocument(video) {
  if (video.isConnected) return;
  Object.assign(video.style, {
    position: 'fixed',
    width: '1px',
    height: '1px',
    opacity: '0',
    pointerEvents: 'none',
  });
  document.body.append(video);
}
