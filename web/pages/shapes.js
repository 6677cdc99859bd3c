// The page's motif: a drawing for each of the four shapes, and a letter for any other label.

export const PATHS = /** @type {Record<string, string>} */ ({
  circle: 'M50 6a44 44 0 1 0 0 88a44 44 0 1 0 0-88z',
  square: 'M10 10h80v80h-80z',
  star: 'M50 5l13.2 29.6 32.2 3.4-24.1 21.7 6.8 31.7-28.1-16.3-28.1 16.3 6.8-31.7-24.1-21.7 32.2-3.4z',
  triangle: 'M50 9l46 80h-92z',
});

export const SHAPES = Object.keys(PATHS);

const SVG = 'http://www.w3.org/2000/svg';

/**
 * @param {string} label
 * @returns {SVGSVGElement}
 */
export function shape(label) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 100 100');
  svg.setAttribute('aria-hidden', 'true');
  const path = PATHS[label.toLowerCase()];
  if (path) {
    const drawing = document.createElementNS(SVG, 'path');
    drawing.setAttribute('d', path);
    svg.append(drawing);
  } else {
    const letter = document.createElementNS(SVG, 'text');
    for (const [name, value] of Object.entries({
      x: '50',
      y: '82',
      'text-anchor': 'middle',
      'font-size': '96',
    })) {
      letter.setAttribute(name, value);
    }
    letter.textContent = [...label][0]?.toUpperCase() ?? '';
    svg.append(letter);
  }
  return svg;
}
