// The errors that pytrain raises on purpose: what happened, what was expected, what to do.

/** A problem that the user can solve. */
export class PytrainError extends Error {
  /**
   * @param {string} what what happened, naming the culprit
   * @param {string | null} [expected] what was expected instead
   * @param {string | null} [fix] what to do next
   */
  constructor(what, expected = null, fix = null) {
    super(
      [what, expected && `Expected: ${expected}`, fix && `What to do: ${fix}`].filter(Boolean).join('\n'),
    );
    this.name = 'PytrainError';
    this.what = what;
    this.expected = expected;
    this.fix = fix;
  }
}

/**
 * An error as it crosses between a worker and the page; classes do not survive the crossing.
 * @typedef {{what: string, expected: string | null, fix: string | null}} PlainError
 */

/**
 * @param {unknown} error
 * @returns {PlainError}
 */
export function toPlain(error) {
  if (error instanceof PytrainError) return { what: error.what, expected: error.expected, fix: error.fix };
  const what = error instanceof Error ? error.message : String(/** @type {any} */ (error)?.message ?? error);
  return { what, expected: null, fix: null };
}

/**
 * @param {PlainError} plain
 * @returns {PytrainError}
 */
export function fromPlain({ what, expected, fix }) {
  return new PytrainError(what, expected, fix);
}
