// A button that does something as long as it is held, by mouse, finger, pen or keyboard.

/**
 * @param {HTMLElement} button
 * @param {() => void} start
 * @param {() => void} stop comes once for every start
 */
export function holds(button, start, stop) {
  let held = false;
  const begin = () => {
    if (held) return;
    held = true;
    start();
  };
  const end = () => {
    if (!held) return;
    held = false;
    stop();
  };
  button.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    button.setPointerCapture(event.pointerId);
    begin();
  });
  for (const name of ['pointerup', 'pointercancel', 'lostpointercapture', 'blur']) {
    button.addEventListener(name, end);
  }
  button.addEventListener('keydown', (event) => {
    if (event.key !== ' ' && event.key !== 'Enter') return;
    event.preventDefault(); // or the page scrolls, and a click follows
    if (!event.repeat) begin();
  });
  button.addEventListener('keyup', (event) => {
    if (event.key === ' ' || event.key === 'Enter') end();
  });
  // A long press opens a menu on phones.
  button.addEventListener('contextmenu', (event) => event.preventDefault());
  window.addEventListener('blur', end);
  document.addEventListener('visibilitychange', end);
}
