// A drawing made as MNIST's digits were: scaled to 20 x 20, its centre of mass in the middle of 28 x 28. The same sums
// as pytrain/dataset/drawing.py, where their source is told.

export const SIDE = 28;

/** Pixels of the longer side of what was drawn. */
const BOX = 20;

/** Of 255: what is fainter is no line, and does not make the box larger. */
const FAINTEST = 25;

/**
 * Where the 28 x 28 came from: its left top corner and its side, in the drawing's pixels.
 * @typedef {{left: number, top: number, side: number}} Window
 */

/**
 * @param {ArrayLike<number>} ink [height, width], 0 where nothing was drawn, 255 where a line is
 * @param {number} width
 * @param {number} height
 * @returns {{values: Uint8Array, from: Window | null}} values [28, 28]; from: null where nothing was drawn
 */
export function asMnist(ink, width, height) {
  const values = new Uint8Array(SIDE * SIDE);
  const box = boxOf(ink, width, height);
  if (!box) return { values, from: null };
  const across = box.right - box.left;
  const down = box.bottom - box.top;
  const scale = BOX / Math.max(across, down);
  const columns = Math.max(1, Math.floor(across * scale + 0.5));
  const rows = Math.max(1, Math.floor(down * scale + 0.5));
  const small = shrunk(ink, width, box, columns, rows);
  let [total, x, y] = [0, 0, 0];
  for (let at = 0; at < small.length; at++) {
    total += small[at];
    x += small[at] * ((at % columns) + 0.5);
    y += small[at] * (Math.floor(at / columns) + 0.5);
  }
  const left = first(x / total, columns);
  const top = first(y / total, rows);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      values[(top + row) * SIDE + left + column] = Math.floor(small[row * columns + column] + 0.5);
    }
  }
  const pixel = 1 / scale;
  return {
    values,
    from: { left: box.left - left * pixel, top: box.top - top * pixel, side: SIDE * pixel },
  };
}

/**
 * What was drawn, without the empty paper around it.
 * @param {ArrayLike<number>} ink
 * @param {number} width
 * @param {number} height
 */
function boxOf(ink, width, height) {
  let [left, top, right, bottom] = [width, height, 0, 0];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (ink[y * width + x] < FAINTEST) continue;
      left = Math.min(left, x);
      right = Math.max(right, x + 1);
      top = Math.min(top, y);
      bottom = y + 1;
    }
  }
  return right > left ? { left, top, right, bottom } : null;
}

/**
 * Each new pixel is the mean of the old ones below it, every one counted by the part that it covers.
 * @param {ArrayLike<number>} ink
 * @param {number} width
 * @param {{left: number, top: number, right: number, bottom: number}} box
 * @param {number} columns
 * @param {number} rows
 */
function shrunk(ink, width, { left, top, right, bottom }, columns, rows) {
  const across = sharesOf(right - left, columns);
  const down = sharesOf(bottom - top, rows);
  const narrow = new Float64Array((bottom - top) * columns);
  for (let y = 0; y < bottom - top; y++) {
    for (let column = 0; column < columns; column++) {
      let sum = 0;
      for (const [x, share] of across[column]) sum += share * ink[(top + y) * width + left + x];
      narrow[y * columns + column] = sum;
    }
  }
  const small = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (const [y, share] of down[row]) {
      for (let column = 0; column < columns; column++) {
        small[row * columns + column] += share * narrow[y * columns + column];
      }
    }
  }
  return small;
}

/**
 * @param {number} old
 * @param {number} count
 * @returns {[number, number][][]} for each new pixel the old ones below it, and their part of it
 */
function sharesOf(old, count) {
  const size = old / count;
  return Array.from({ length: count }, (_, one) => {
    const [start, end] = [(one * old) / count, ((one + 1) * old) / count];
    /** @type {[number, number][]} */
    const shares = [];
    for (let at = Math.floor(start); at < Math.min(old, end); at++) {
      const overlap = Math.min(end, at + 1) - Math.max(start, at);
      if (overlap > 0) shares.push([at, overlap / size]);
    }
    return shares;
  });
}

/**
 * Where a side begins so that its centre of mass lies in the middle, and nothing is cut off.
 * @param {number} centre
 * @param {number} size
 */
function first(centre, size) {
  return Math.min(Math.max(Math.floor(SIDE / 2 - centre + 0.5), 0), SIDE - size);
}
