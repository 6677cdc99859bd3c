// What a class, a model or a project may be called: names that are good for folders on every system.

/** Characters (code points). As UTF-8 they fit into the 255 bytes that file systems allow. */
const LONGEST = 60;

/** What some system does not allow in a folder's name, halves of a character, and what turns the direction of text. */
const BANNED = /[/\\:*?"<>|\p{Cc}\u2028\u2029\p{Cs}\u202a-\u202e\u2066-\u2069]/u;

/** Windows opens a device in place of such a file, whatever comes after a dot. */
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])(?=\.|$)/i;

/** Folders that training takes for leftovers of the system. */
const PASSED_OVER = new Set(['thumbs.db', 'desktop.ini', 'dataset.json', '__macosx']);

/** The name of the class of pictures that show none of the others. */
export const UNKNOWN = 'unknown';

/**
 * Checks what somebody typed. The server has the same rule (pytrain/serve/names.py); the cases in
 * tests/web/fixtures/class-names.json hold both sides to it.
 * @param {string} text
 * @param {Iterable<string>} [taken] names that are there already
 * @returns {{name: string, problem?: undefined, suggestion?: undefined}
 *   | {name?: undefined, problem: string, suggestion: string}} suggestion: a name near it that will do
 */
export function className(text, taken = []) {
  const trimmed = text.normalize('NFC').trim();
  const name = trimmed.toLowerCase() === UNKNOWN ? UNKNOWN : trimmed;
  const problem = problemOf(name) ?? twice(name, taken);
  return problem === null ? { name } : { problem, suggestion: freeName(mended(name), taken) };
}

/** @param {string} name */
function problemOf(name) {
  if (name === '') return 'A name is needed.';
  if ([...name].length > LONGEST) return `The name is longer than ${LONGEST} characters.`;
  const found = BANNED.exec(name);
  if (found) {
    return /[^\p{C}\p{Z}]/u.test(found[0])
      ? `The name holds ${found[0]}, which no folder may have in its name.`
      : 'The name holds a character that cannot be seen.';
  }
  if (name.startsWith('.')) return 'The name begins with a dot, which hides a folder.';
  if (name.endsWith('.')) return 'The name ends with a dot, which Windows drops.';
  return isKept(name) ? `Computers keep the name ${name} for themselves.` : null;
}

/** @param {string} name */
function isKept(name) {
  return DEVICE.test(name) || PASSED_OVER.has(name.toLowerCase());
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
  return alike(a) === alike(b);
}

/** @param {string} name */
function alike(name) {
  return name.normalize('NFC').toLowerCase().normalize('NFC');
}

/**
 * The nearest that could be a name, but for others that are there; '' where nothing is left.
 * @param {string} name
 */
function mended(name) {
  const allowed = [...name].map((character) => (BANNED.test(character) ? '-' : character));
  const worn = allowed
    .slice(0, LONGEST)
    .join('')
    .replace(/^[-.\s]+|[-.\s]+$/g, '');
  return isKept(worn) ? `my ${worn}` : worn;
}

/**
 * The name itself, or with the first number that nobody has.
 * @param {string} name may be ''
 * @param {Iterable<string>} taken
 */
export function freeName(name, taken) {
  const others = new Set([...taken].map(alike));
  if (name && !others.has(alike(name))) return name;
  for (let number = name ? 2 : 1; ; number++) {
    const ending = ` ${number}`;
    const stem = [...(name || 'class')]
      .slice(0, LONGEST - ending.length)
      .join('')
      .trim();
    if (!others.has(alike(stem + ending))) return stem + ending;
  }
}
