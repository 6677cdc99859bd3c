// The colours of classes: told apart with every kind of colour vision, and what can be read on each.

/** Black on a light colour, white on a dark one: relative luminance where both are equally easy to read. */
const MIDDLE = 0.179;

/**
 * The ink that stands out from a colour, by WCAG's relative luminance.
 * @param {string} colour #rrggbb
 * @returns {string}
 */
export function inkOn(colour) {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > MIDDLE ? '#141413' : '#ffffff';
}

/**
 * Gives an element a class's colour, and the ink on it.
 * @param {HTMLElement} element
 * @param {string} colour
 */
export function paint(element, colour) {
  element.style.setProperty('--colour', colour);
  element.style.setProperty('--on-colour', inkOn(colour));
}
