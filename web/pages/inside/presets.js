// Kernels that people know, in 3 x 3 and 5 x 5: whole numbers, and what their sums are divided by.

/**
 * @typedef {object} Preset
 * @property {string} name
 * @property {string} says what it does, in plain words
 * @property {boolean} signed its results lie around zero, which is then shown as grey
 * @property {Record<3 | 5, {kernel: number[], divide: number}>} sizes
 */

/** @param {number[]} row a kernel that is one row times the same column */
const crossed = (row) => row.flatMap((down) => row.map((across) => down * across));

/** @param {number[]} kernel @returns {number[]} rows as columns */
const turned = (kernel) => {
  const side = Math.sqrt(kernel.length);
  return kernel.map((_, at) => kernel[(at % side) * side + Math.floor(at / side)]);
};

const SOBEL_3 = [-1, 0, 1, -2, 0, 2, -1, 0, 1];
const SOBEL_5 = [
  [-1, -2, 0, 2, 1],
  [-4, -8, 0, 8, 4],
  [-6, -12, 0, 12, 6],
  [-4, -8, 0, 8, 4],
  [-1, -2, 0, 2, 1],
].flat();

/** @type {Preset[]} */
export const PRESETS = [
  {
    name: 'Identity',
    says: 'Only the middle counts: the picture stays as it is.',
    signed: false,
    sizes: {
      3: { kernel: [0, 0, 0, 0, 1, 0, 0, 0, 0], divide: 1 },
      5: { kernel: Array.from({ length: 25 }, (_, at) => Number(at === 12)), divide: 1 },
    },
  },
  {
    name: 'Sharpen',
    says: 'The middle counts more, its neighbours are taken away: differences grow.',
    signed: false,
    sizes: {
      3: { kernel: [0, -1, 0, -1, 5, -1, 0, -1, 0], divide: 1 },
      5: {
        kernel: [
          [0, 0, -1, 0, 0],
          [0, -1, -2, -1, 0],
          [-1, -2, 24, -2, -1],
          [0, -1, -2, -1, 0],
          [0, 0, -1, 0, 0],
        ].flat(),
        divide: 8,
      },
    },
  },
  {
    name: 'Edges across',
    says: 'Right minus left (Sobel x). Grey: both alike. Bright or dark: an upright edge.',
    signed: true,
    sizes: { 3: { kernel: SOBEL_3, divide: 4 }, 5: { kernel: SOBEL_5, divide: 48 } },
  },
  {
    name: 'Edges down',
    says: 'Below minus above (Sobel y). Grey: both alike. Bright or dark: a level edge.',
    signed: true,
    sizes: { 3: { kernel: turned(SOBEL_3), divide: 4 }, 5: { kernel: turned(SOBEL_5), divide: 48 } },
  },
  {
    name: 'Edges all round',
    says: 'All neighbours minus the middle (Laplacian): edges of every direction.',
    signed: true,
    sizes: {
      3: { kernel: [0, 1, 0, 1, -4, 1, 0, 1, 0], divide: 4 },
      5: {
        kernel: [
          [0, 0, 1, 0, 0],
          [0, 1, 2, 1, 0],
          [1, 2, -16, 2, 1],
          [0, 1, 2, 1, 0],
          [0, 0, 1, 0, 0],
        ].flat(),
        divide: 16,
      },
    },
  },
  {
    name: 'Box blur',
    says: 'The mean of all that lies below it.',
    signed: false,
    sizes: {
      3: { kernel: Array(9).fill(1), divide: 9 },
      5: { kernel: Array(25).fill(1), divide: 25 },
    },
  },
  {
    name: 'Soft blur',
    says: 'A mean in which the near counts more (Gaussian).',
    signed: false,
    sizes: {
      3: { kernel: crossed([1, 2, 1]), divide: 16 },
      5: { kernel: crossed([1, 4, 6, 4, 1]), divide: 256 },
    },
  },
  {
    name: 'Emboss',
    says: 'Lower right minus upper left: as if light fell on a relief.',
    signed: true,
    sizes: {
      3: { kernel: [-2, -1, 0, -1, 0, 1, 0, 1, 2], divide: 4 },
      5: {
        kernel: [
          [-4, -3, -2, -1, 0],
          [-3, -2, -1, 0, 1],
          [-2, -1, 0, 1, 2],
          [-1, 0, 1, 2, 3],
          [0, 1, 2, 3, 4],
        ].flat(),
        divide: 20,
      },
    },
  },
];

/**
 * A kernel of the other size: put in the middle of zeros, or its middle cut out.
 * @param {readonly number[]} kernel
 * @param {3 | 5} side wanted
 * @returns {number[]}
 */
export function resized(kernel, side) {
  const before = Math.sqrt(kernel.length);
  const shift = (before - side) / 2;
  return Array.from({ length: side * side }, (_, at) => {
    const [y, x] = [Math.floor(at / side) + shift, (at % side) + shift];
    return y >= 0 && y < before && x >= 0 && x < before ? kernel[y * before + x] : 0;
  });
}
