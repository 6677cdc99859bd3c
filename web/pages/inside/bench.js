// The kernel bench: numbers to edit, known kernels to start with, and what the picture looks like through them.

import { SIZE } from '../../lib/preprocess.js';
import { grab } from '../../lib/sources.js';
import { base } from '../../lib/version.js';
import { byId, make } from '../dom.js';
import { outputSize, POOL } from './convolve.js';
import { frameOver, takeOff } from './overlay.js';
import { PRESETS, resized } from './presets.js';
import { changed } from './source.js';

/** @typedef {import('./kernel-worker.js').Answer} Answer */

const grid = byId('kernel');
const result = byId('result', HTMLCanvasElement);
const divide = byId('divide', HTMLInputElement);
/** @param {string} id */
const select = (id) => byId(id, HTMLSelectElement);

const bench = {
  kernel: PRESETS[0].sizes[3].kernel,
  divide: 1,
  /** @type {import('./presets.js').Preset | null} */
  preset: PRESETS[0],
  /** The pixel of the result that is looked into. @type {{x: number, y: number} | null} */
  probe: null,
};

/** @type {Worker | null} */
let worker = null;

/** The cell that the buttons below the kernel change. */
let cell = 0;

/** @param {HTMLVideoElement | HTMLCanvasElement} element */
export async function runBench(element) {
  worker ??= new Worker(new URL('kernel-worker.js', base));
  const frame = await grab(element);
  const transfer = 'close' in frame ? frame : frame.data.buffer;
  const mine = worker;
  /** @type {Answer} */
  const answer = await new Promise((resolve, reject) => {
    mine.onmessage = ({ data }) => resolve(data);
    mine.onerror = (event) => {
      event.preventDefault();
      worker = null; // the next frame tries a new one
      reject(new Error(event.message || 'The kernel bench could not be loaded.'));
    };
    mine.postMessage({ frame, ...settings() }, [transfer]);
  });
  show(answer);
}

/** @returns {Omit<import('./kernel-worker.js').Question, 'frame'>} */
function settings() {
  return {
    kernel: bench.kernel.map((value) => value / bench.divide),
    stride: Number(select('stride').value),
    padding: /** @type {any} */ (select('padding').value),
    pooling: /** @type {any} */ (select('pooling').value),
    grey: select('colour').value === 'grey',
    signed: select('shown').value === 'signed',
    probe: bench.probe,
  };
}

/** @param {Answer} answer */
function show({ width, height, pixels, probe }) {
  if (result.width !== width || result.height !== height) Object.assign(result, { width, height });
  if (width * height === 0) return;
  const image = new ImageData(new Uint8ClampedArray(pixels), width, height);
  /** @type {CanvasRenderingContext2D} */ (result.getContext('2d')).putImageData(image, 0, 0);
  showProbe(probe);
}

/** What happens to the size, and why. */
function showSizes() {
  const { stride, padding, pooling } = settings();
  const side = Math.sqrt(bench.kernel.length);
  const between = outputSize(SIZE, side, stride, padding);
  const steps = [SIZE, between, ...(pooling === 'none' ? [] : [Math.floor(between / POOL)])];
  write('sizes', steps.map((step) => `${step} x ${step}`).join(' → '));
  const why = [];
  if (padding === 'valid') {
    why.push(`The kernel stays inside the picture: ${side - 1} rows and columns are lost at the border.`);
  } else {
    why.push(
      'Zeros are laid around the picture, so that the kernel can visit every place; they show at the border.',
    );
  }
  if (stride > 1)
    why.push(`It stops only at every ${stride === 2 ? 'second' : stride === 3 ? 'third' : 'fourth'} place.`);
  if (pooling !== 'none') {
    const kept = pooling === 'max' ? 'the greatest' : 'the mean';
    why.push(`Of every ${POOL} x ${POOL} pixels ${kept} is kept.`);
  }
  write('sizes-say', why.join(' '));
}

/** @param {string} id @param {string} text */
function write(id, text) {
  const element = byId(id);
  if (element.textContent !== text) element.textContent = text;
}

/** @param {Answer['probe']} probe */
function showProbe(probe) {
  const hints = [...grid.querySelectorAll('small')];
  if (!probe || !bench.probe) {
    for (const hint of hints) hint.textContent = '';
    if (!byId('panel-bench').hidden) takeOff();
    return;
  }
  for (const [at, hint] of hints.entries()) hint.textContent = probe.values[at].toFixed(2);
  const side = Math.sqrt(bench.kernel.length);
  frameOver({ left: probe.left, top: probe.top, side, size: SIZE });
  const divided = bench.divide === 1 ? '' : ` and divided by ${tidy(bench.divide)}`;
  const { x, y } = bench.probe;
  write(
    'probe',
    `Row ${y + 1}, column ${x + 1}: the pixels below the kernel (small), each times its number, added up${divided}: ${probe.sum.toFixed(2)}.`,
  );
}

/** A number as people write it. @param {number} value */
function tidy(value) {
  return String(Math.round(value * 1000) / 1000);
}

/** Writes the kernel into its cells, making them where there are others. */
function fillGrid() {
  const side = Math.sqrt(bench.kernel.length);
  if (grid.children.length !== bench.kernel.length) {
    grid.style.setProperty('--side', String(side));
    grid.replaceChildren(...bench.kernel.map((_, at) => makeCell(at, side)));
    cell = Math.floor(bench.kernel.length / 2);
    markCell();
  }
  for (const [at, input] of [...grid.querySelectorAll('input')].entries()) {
    if (document.activeElement !== input) input.value = tidy(bench.kernel[at]);
    paintCell(input, bench.kernel[at]);
  }
  if (document.activeElement !== divide) divide.value = tidy(bench.divide);
}

/**
 * @param {number} at
 * @param {number} side
 */
function makeCell(at, side) {
  const name = `Row ${Math.floor(at / side) + 1}, column ${(at % side) + 1}`;
  const input = make('input', {
    type: 'text',
    inputmode: 'decimal',
    autocomplete: 'off',
    'aria-label': name,
    'data-testid': `cell-${at}`,
  });
  input.addEventListener('focus', () => {
    cell = at;
    markCell();
    input.select();
  });
  input.addEventListener('input', () => {
    const value = numberIn(input);
    if (value !== null) edit(at, value);
  });
  input.addEventListener('blur', () => {
    input.value = tidy(bench.kernel[at]);
    input.removeAttribute('aria-invalid');
  });
  input.addEventListener('keydown', (event) => cellKey(event, at, side));
  return make('label', {}, input, make('small', { 'aria-hidden': 'true' }));
}

/** Arrow keys with Ctrl go from cell to cell; up and down by themselves change the number. @param {KeyboardEvent} event @param {number} at @param {number} side */
function cellKey(event, at, side) {
  const step = { ArrowUp: 1, ArrowDown: -1 }[event.key];
  const move = { ArrowUp: -side, ArrowDown: side, ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if ((event.ctrlKey || event.metaKey) && move) {
    event.preventDefault();
    grid.querySelectorAll('input')[at + move]?.focus();
  } else if (step) {
    event.preventDefault();
    change(at, bench.kernel[at] + (event.shiftKey ? step / 10 : step));
  }
}

/** @param {HTMLInputElement} input @returns {number | null} what stands there, if it is a number */
function numberIn(input) {
  const value = Number(input.value.trim().replace(',', '.').replace('−', '-'));
  const fine = input.value.trim() !== '' && Number.isFinite(value);
  if (fine) input.removeAttribute('aria-invalid');
  else input.setAttribute('aria-invalid', 'true');
  return fine ? value : null;
}

function markCell() {
  for (const [at, label] of [...grid.children].entries()) label.classList.toggle('chosen', at === cell);
}

/** Orange for what is added, black for what is taken away. @param {HTMLInputElement} input @param {number} value */
function paintCell(input, value) {
  const most = Math.max(...bench.kernel.map(Math.abs)) || 1;
  const share = Math.round((100 * Math.abs(value)) / most);
  const label = /** @type {HTMLElement} */ (input.parentElement);
  label.style.setProperty('--share', `${share}%`);
  label.dataset.sign = value > 0 ? 'plus' : value < 0 ? 'minus' : 'zero';
  label.toggleAttribute('data-deep', share > 45);
}

/** @param {number} at @param {number} value */
function edit(at, value) {
  bench.kernel = bench.kernel.map((before, index) => (index === at ? value : before));
  choosePreset(null);
}

/** As edit, by keys and buttons: the cell shows it at once. @param {number} at @param {number} value */
function change(at, value) {
  const rounded = Math.round(value * 1000) / 1000;
  grid.querySelectorAll('input')[at].value = tidy(rounded);
  edit(at, rounded);
}

/** @param {import('./presets.js').Preset | null} preset null: the kernel is now one's own */
function choosePreset(preset) {
  bench.preset = preset;
  const side = /** @type {3 | 5} */ (Number(select('side').value));
  if (preset) {
    Object.assign(bench, preset.sizes[side]);
    select('shown').value = preset.signed ? 'signed' : 'cut';
  }
  for (const [at, button] of [...byId('presets').children].entries()) {
    button.setAttribute('aria-pressed', String(PRESETS[at] === preset));
  }
  byId('kernel-says').textContent = preset?.says ?? sumOf();
  fillGrid();
  showSizes();
  changed();
}

/** What the sum of one's own kernel means. */
function sumOf() {
  const sum = bench.kernel.reduce((a, b) => a + b, 0) / bench.divide;
  if (Math.abs(sum) < 0.001) return 'Your own. It adds up to 0: only differences are left.';
  const means = Math.abs(sum - 1) < 0.001 ? 'as bright as before' : sum > 1 ? 'brighter' : 'darker';
  return `Your own. It adds up to ${tidy(sum)}: the picture gets ${means}.`;
}

/** @param {3 | 5} side */
function chooseSide(side) {
  if (!bench.preset) bench.kernel = resized(bench.kernel, side);
  bench.probe = null;
  choosePreset(bench.preset);
}

/** @param {PointerEvent} event */
function point({ offsetX, offsetY }) {
  probeAt(
    Math.floor((offsetX / result.clientWidth) * result.width),
    Math.floor((offsetY / result.clientHeight) * result.height),
  );
}

/** @param {number} x @param {number} y */
function probeAt(x, y) {
  bench.probe = {
    x: Math.min(Math.max(x, 0), result.width - 1),
    y: Math.min(Math.max(y, 0), result.height - 1),
  };
  changed();
}

/** @param {KeyboardEvent} event */
function resultKey(event) {
  const step = event.shiftKey ? 10 : 1;
  const by = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[event.key];
  if (!by) return;
  event.preventDefault();
  const { x, y } = bench.probe ?? { x: result.width >> 1, y: result.height >> 1 };
  probeAt(x + by[0] * step, y + by[1] * step);
}

export function startBench() {
  byId('presets').replaceChildren(
    ...PRESETS.map((preset) => {
      const button = make('button', { type: 'button', 'aria-pressed': 'false' }, preset.name);
      button.addEventListener('click', () => choosePreset(preset));
      return button;
    }),
  );
  select('side').addEventListener('change', () =>
    chooseSide(/** @type {3 | 5} */ (Number(select('side').value))),
  );
  for (const id of ['stride', 'padding', 'pooling', 'colour', 'shown']) {
    select(id).addEventListener('change', () => {
      bench.probe = null;
      showSizes();
      changed();
    });
  }
  divide.addEventListener('input', () => {
    const value = numberIn(divide);
    if (value === null || value === 0) divide.setAttribute('aria-invalid', 'true');
    else {
      bench.divide = value;
      choosePreset(null);
    }
  });
  divide.addEventListener('blur', () => {
    divide.value = tidy(bench.divide);
    divide.removeAttribute('aria-invalid');
  });
  byId('less').addEventListener('click', () => change(cell, bench.kernel[cell] - 1));
  byId('plus').addEventListener('click', () => change(cell, bench.kernel[cell] + 1));
  byId('sign').addEventListener('click', () => change(cell, -bench.kernel[cell] || 0));
  result.addEventListener('pointermove', point);
  result.addEventListener('pointerdown', point);
  result.addEventListener('keydown', resultKey);
  choosePreset(PRESETS[2]);
}
