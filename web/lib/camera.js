// The webcam: opening it in a video element, choosing one, and saying plainly why it is not there.

import { PytrainError } from './errors.js';

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

/**
 * The cameras that this page may know of; names are empty until one was allowed.
 * @returns {Promise<{id: string, name: string}[]>}
 */
export async function listCameras() {
  const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  return devices
    .filter((device) => device.kind === 'videoinput')
    .map((device, index) => ({ id: device.deviceId, name: device.label || `Camera ${index + 1}` }));
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
  /** Cameras came or went. */
  onList = () => {};

  /** @param {HTMLVideoElement} video muted and playsinline, or iPhones show nothing */
  constructor(video) {
    this.video = video;
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

  /** Whether it looks away from the person who holds the device; such a picture must not be mirrored. */
  get looksAway() {
    return this.#track?.getSettings().facingMode === 'environment';
  }

  /**
   * @param {string} [id] as listCameras gives it; without one, the one at the back of a phone
   * @returns {Promise<boolean>} false if it was stopped or started again meanwhile
   */
  async start(id) {
    if (!navigator.mediaDevices?.getUserMedia) {
      throw new PytrainError(
        'This browser gives no camera to this address.',
        'https, or http://localhost',
        'Open the page by https, or on the computer where pytrain serve runs.',
      );
    }
    const mine = ++this.#starts;
    const which = id ? { deviceId: { exact: id } } : { facingMode: { ideal: 'environment' } };
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { ...WANTED, ...which }, audio: false });
    } catch (error) {
      throw cameraError(error);
    }
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
    } else if (this.#lost !== null && cameras.some(({ id }) => id === this.#lost)) {
      // If it does not open, the message that it is gone still stands; the next change tries again.
      if (await this.start(this.#lost).catch(() => false)) this.onBack();
    }
  }
}
