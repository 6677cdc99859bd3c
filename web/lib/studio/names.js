// What a class, a model or a project may be called: names that are good for folders on every system.

/** Characters, counted as Python counts them. */
const LONGEST = 60;

/** What some system or other does not allow in the name of a folder: \p{Cc} are control characters. */
const FORBIDDEN = /[/\\:*?"<>|]|\p{Cc}|\p{Cs}/u;

/** Names that Windows keeps for devices, whatever comes behind a dot. */
const DEVICE = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?$/i;

/**
 * Checks what somebody typed. The server has the same rule.
 * @param {string} text
 * @param {Iterable<string>} [taken] names that are there already
 * @returns {{name: string, problem?: undefined, suggestion?: undefined}
 *   | {name?: undefined, problem: string, suggestion: string}} suggestion: a name near it that will do
 */
export function className(text, taken = []) {
  const name = text.normalize('NFC').trim();
  const problem = problemOf(name) ?? twice(name, taken);
  return problem === null ? { name } : { problem, suggestion: suggest(name, taken) };
}

/** @param {string} name */
function problemOf(name) {
  if (name === '') return 'A name is needed.';
  if ([...name].length > LONGEST) return `The name is longer than ${LONGEST} characters.`;
  const found = FORBIDDEN.exec(name);
  if (found) {
    return /\p{C}/u.test(found[0])
      ? 'The name holds a character that cannot be seen.'
      : `The name holds ${found[0]}, which no folder may have in its name.`;
  }
  if (name.startsWith('.')) return 'The name begins with a dot, which hides a folder.';
  if (name.endsWith('.')) return 'The name ends with a dot, which Windows drops.';
  if (DEVICE.test(name)) return `Windows keeps the name ${name} for itself.`;
  return null;
}

/**
 * @param {string} name
 * @param {Iterable<string>} taken
 */
function twice(name, taken) {
  for (const other of taken) if (same(name, other)) return `There is ${other} already.`;
  return null;
}

/**
 * Whether two names are one on a system that does not tell capitals from small letters.
 * @param {string} a
 * @param {string} b
 */
export function same(a, b) {
  return a.normalize('NFC').toLowerCase() === b.normalize('NFC').toLowerCase();
}

/**
 * @param {string} name
 * @param {Iterable<string>} taken
 */
function suggest(name, taken) {
  const allowed = [...name]
    .filter((character) => !/\p{Cc}|\p{Cs}/u.test(character))
    .map((character) => (FORBIDDEN.test(character) ? '-' : character));
  const cut = allowed.slice(0, LONGEST).join('');
  let found = cut.replace(/^[.\s]+|[.\s]+$/g, '') || 'Class';
  if (DEVICE.test(found)) found = `${found}-1`.replace(/\.(.*)-1$/, '-1');
  return freeName(found, taken);
}

/**
 * The name itself, or the first of "name 2", "name 3" that is free.
 * @param {string} name
 * @param {Iterable<string>} taken
 */
export function freeName(name, taken) {
  const others = [...taken];
  for (let number = 1; ; number++) {
    const ending = number === 1 ? '' : ` ${number}`;
    const found =
      [...name]
        .slice(0, LONGEST - ending.length)
        .join('')
        .trim() + ending;
    if (!others.some((other) => same(found, other))) return found;
  }
}
