// What the person chose, kept in the browser; where storage is forbidden it lasts until the page is left.

/**
 * @param {string} key
 * @returns {string | null}
 */
export function kept(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/**
 * @param {string} key
 * @param {string} value
 */
export function keep(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Forbidden, or full: nothing that matters is lost.
  }
}
