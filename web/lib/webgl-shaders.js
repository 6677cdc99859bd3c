// Shaders of convolutions for packed textures: each texel holds two neighbours of a row in two channels.

/**
 * @typedef {object} Geometry of a convolution of one picture
 * @property {number} height of the input, in places
 * @property {number} width
 * @property {number} channels even
 * @property {number} outHeight
 * @property {number} outWidth
 * @property {number} outChannels even
 * @property {number} filterHeight
 * @property {number} filterWidth
 * @property {number} stride
 * @property {number} top rows of padding
 * @property {number} left columns of padding
 * @property {boolean} [linear] the input's texels lie one after the other in rows of another length, `[rows, columns]`
 * @property {[number, number]} texels rows and columns of the input's texture
 */

/** What follows a convolution, of the `sum`. @type {Record<string, string>} */
export const ACTIVATIONS = { linear: 'sum', relu: 'max(sum, 0.0)', relu6: 'clamp(sum, 0.0, 6.0)' };

/** So many pairs of channels are worked on in one turn of the loop, where that divides them. */
const UNROLLED = 4;

/**
 * A depthwise convolution, each channel by itself. Input `W`: a row for each tap, and the bias as the last.
 * @param {Geometry} geometry
 * @param {string} activation
 */
export function depthwise(geometry, activation) {
  const { channels, filterHeight, filterWidth } = geometry;
  const taps = filterHeight * filterWidth;
  const rows = texelsOf(taps + 1);
  const weights = Array.from(
    { length: rows },
    (_, row) => `vec4 w${row} = ${fetch('W', 'at.x', row, texelsOf(channels), rows)};`,
  );
  const weight = (/** @type {number} */ tap) => `w${tap >> 1}.${tap % 2 ? 'zwzw' : 'xyxy'}`;
  return `
    void main() {
      ivec2 at = ivec2(gl_FragCoord.xy);
      ${places(geometry)}
      ${weights.join('\n')}
      vec4 sum = ${weight(taps)};
      ${eachTap(geometry, 'at.x', (one, two, tap) => `sum += vec4(${one}, ${two}) * ${weight(tap)};`)}
      setOutput(${ACTIVATIONS[activation]});
    }`;
}

/**
 * A convolution over all channels. Input `W`: for each tap a matrix of channels x filters; `bias`, where there is one.
 * @param {Geometry} geometry
 * @param {string} activation
 * @param {boolean} biased
 */
export function convolution(geometry, activation, biased) {
  const { filterHeight, filterWidth } = geometry;
  const taps = filterHeight * filterWidth;
  const [pairs, filters] = [texelsOf(geometry.channels), texelsOf(geometry.outChannels)];
  const unrolled = taps === 1 && pairs % UNROLLED === 0 ? UNROLLED : 1;
  const turns = Array.from({ length: unrolled }, (_, turn) => {
    const pair = turn ? `(k + ${turn})` : 'k';
    return eachTap(geometry, pair, (one, two, tap) => {
      const row = tap ? `${pair} + ${tap * pairs}` : pair;
      return `{
        vec4 w = ${fetch('W', 'at.x', row, filters, taps * pairs)};
        vec2 a = ${one};
        vec2 b = ${two};
        sum += vec4(a.xx, b.xx) * w.xyxy + vec4(a.yy, b.yy) * w.zwzw;
      }`;
    });
  });
  return `
    void main() {
      ivec2 at = ivec2(gl_FragCoord.xy);
      ${places(geometry)}
      vec4 sum = ${biased ? `${fetch('bias', 'at.x', 0, filters, 1)}.xyxy` : 'vec4(0.0)'};
      for (int k = 0; k < ${pairs}; k += ${unrolled}) {
        ${turns.join('\n')}
      }
      setOutput(${ACTIVATIONS[activation]});
    }`;
}

/** @param {number} count of rows or columns */
export function texelsOf(count) {
  return Math.ceil(count / 2);
}

/**
 * Read with coordinates from 0 to 1: where the processor draws, that is much faster than texelFetch.
 * @param {string} name
 * @param {string | number} column
 * @param {string | number} row
 * @param {number} columns
 * @param {number} rows
 */
function fetch(name, column, row, columns, rows) {
  return `texture(${name}, (vec2(${column}, ${row}) + 0.5) * vec2(${number(1 / columns)}, ${number(1 / rows)}))`;
}

/** @param {number} value */
function number(value) {
  const text = value.toPrecision(9);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/**
 * Which texels of the input's row an output needs, as `column0`, `column1`, ...; `mask` where some lie beside the picture.
 * @param {Geometry} geometry
 */
function places({ outWidth, width, stride, top, ...geometry }) {
  const pairs = texelsOf(outWidth);
  const lines = [
    `int row = int((float(at.y) + 0.5) * ${number(1 / pairs)});`,
    `int left = (at.y - row * ${pairs}) * ${stride};`,
    `int top = row * ${stride} - ${top};`,
  ];
  for (const { index, offset, masked } of columns({ outWidth, width, stride, top, ...geometry })) {
    lines.push(`int column${index} = left + ${offset};`);
    if (!masked) continue;
    const inside = (/** @type {number} */ side) => {
      const place = `2 * column${index} + ${side}`;
      return `(${place} >= 0 && ${place} < ${width} ? 1.0 : 0.0)`;
    };
    lines.push(`vec4 mask${index} = vec4(${inside(0)}, ${inside(0)}, ${inside(1)}, ${inside(1)});`);
    lines.push(`column${index} = clamp(column${index}, 0, ${texelsOf(width) - 1});`);
  }
  return lines.join('\n');
}

/** @param {Geometry} geometry */
function columns({ outWidth, width, stride, left, filterWidth }) {
  const first = Math.floor(-left / 2);
  const last = Math.floor((stride - left + filterWidth - 1) / 2);
  return Array.from({ length: last - first + 1 }, (_, index) => {
    const offset = first + index;
    const furthest = 2 * ((texelsOf(outWidth) - 1) * stride + offset) + 1;
    return { index, offset, masked: offset < 0 || furthest >= width };
  });
}

/**
 * Reads the rows that the filter covers, and writes what becomes of each tap.
 * @param {Geometry} geometry
 * @param {string} pair which two channels
 * @param {(one: string, two: string, tap: number) => string} write of the values at both places, two channels each
 */
function eachTap(geometry, pair, write) {
  const { height, width, channels, outHeight, filterHeight, filterWidth, stride, top, left } = geometry;
  const needed = columns(geometry);
  const [texelRows, texelColumns] = geometry.texels;
  const read = (/** @type {number} */ index) => {
    const line = `base + column${index}`;
    if (!geometry.linear) return fetch('x', pair, line, texelColumns, texelRows);
    return `linear((${line}) * ${texelsOf(channels)} + ${pair})`;
  };
  const value = (/** @type {number} */ place) => {
    const texel = Math.floor(place / 2);
    return `x${texel - needed[0].offset}.${place - 2 * texel ? 'zw' : 'xy'}`;
  };
  const rows = Array.from({ length: filterHeight }, (_, r) => {
    const inside = r - top >= 0 && (outHeight - 1) * stride - top + r < height;
    const texels = needed.map(
      ({ index, masked }) => `vec4 x${index} = ${read(index)}${masked ? ` * mask${index}` : ''};`,
    );
    const taps = Array.from({ length: filterWidth }, (_, t) =>
      write(value(t - left), value(stride + t - left), r * filterWidth + t),
    );
    return `${inside ? '' : `if (top + ${r} >= 0 && top + ${r} < ${height})`} {
      int base = (top + ${r}) * ${texelsOf(width)};
      ${texels.join('\n')}
      ${taps.join('\n')}
    }`;
  });
  return rows.join('\n');
}

/**
 * In front of a shader whose input's texels lie in rows of another length.
 * @param {Geometry} geometry
 */
export function helpers({ linear, texels: [rows, columns] }) {
  if (!linear) return '';
  return `
    vec4 linear(int index) {
      int row = int((float(index) + 0.5) * ${number(1 / columns)});
      return ${fetch('x', `index - row * ${columns}`, 'row', columns, rows)};
    }`;
}
