// A video that the browser stopped while the page was not seen plays again when it is seen.

/** A pause this shortly before the page is hidden is the browser's own, in milliseconds: phones pause first. */
const JUST_BEFORE = 500;

/**
 * A video that the page itself paused stays as it is.
 * @param {HTMLVideoElement} video
 * @returns {() => void} ends it
 */
export function keepPlaying(video) {
  const { ownerDocument } = video;
  const controller = new AbortController();
  const { signal } = controller;
  let pausedAt = Number.NEGATIVE_INFINITY;
  let hiddenAt = Number.POSITIVE_INFINITY;
  video.addEventListener(
    'pause',
    () => {
      pausedAt = performance.now();
    },
    { signal },
  );
  ownerDocument.addEventListener(
    'visibilitychange',
    () => {
      if (ownerDocument.visibilityState === 'hidden') hiddenAt = performance.now();
      else if (video.paused && pausedAt > hiddenAt - JUST_BEFORE) video.play().catch(() => {});
    },
    { signal },
  );
  return () => controller.abort();
}
