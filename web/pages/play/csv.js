// The table that `pytrain predict --csv` writes: path, label, confidence, label_2, confidence_2 and so on.

/** Guesses in a row, unless the model has fewer classes; as --top of `pytrain predict`. */
export const TOP = 5;

/**
 * @param {{path: string, guesses?: {label: string, confidence: number}[]}[]} rows best guess first; others are left out
 * @returns {string}
 */
export function toCsv(rows) {
  const answered = rows.flatMap(({ path, guesses }) => (guesses ? [{ path, guesses }] : []));
  const columns = answered.reduce((most, { guesses }) => Math.max(most, guesses.length), 1);
  const more = Array.from({ length: columns - 1 }, (_, place) => [
    `label_${place + 2}`,
    `confidence_${place + 2}`,
  ]);
  const head = ['path', 'label', 'confidence', ...more.flat()];
  const lines = answered.map(({ path, guesses }) => [
    path,
    ...guesses.flatMap(({ label, confidence }) => [label, confidence.toFixed(6)]),
  ]);
  return [head, ...lines].map((cells) => `${cells.map(quoted).join(',')}\n`).join('');
}

/** Only where a comma, a quote or a line break makes it necessary. @param {string} cell */
function quoted(cell) {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
