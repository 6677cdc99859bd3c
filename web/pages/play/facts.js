// The figures below the picture: time per frame, the table of measured backends, tested accuracy.

import { MAX_DIFFERENCE } from '../../lib/backend.js';
import { byId, make } from '../dom.js';

const TESTS = /** @type {Record<string, string>} */ ({
  classic: 'Drawings, black on white',
  scenes: 'Camera scenes',
  glyphs: 'Shapes it has never seen',
});

/** @param {number | undefined} value */
function milliseconds(value) {
  if (value === undefined) return '–';
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}

/** @param {number | undefined} value */
function share(value) {
  return `${(100 * Number(value)).toFixed(1)} %`;
}

/** @param {import('../../pytrain.js').ImageClassifier | null} classifier */
export function showFacts(classifier) {
  byId('frame-time').textContent = milliseconds(classifier?.timings.milliseconds);
  byId('backend').textContent = classifier?.backend ?? '–';
}

/**
 * @param {import('../../pytrain.js').ImageClassifier} classifier
 * @param {boolean} forced a backend was asked for in the address
 * @param {boolean} busy
 */
export function showMeasured(classifier, forced, busy) {
  const { measured } = classifier.timings;
  const rows = [...measured].sort((a, b) => (a.milliseconds ?? Infinity) - (b.milliseconds ?? Infinity));
  const table = byId('measured', HTMLTableElement);
  table.hidden = rows.length === 0;
  const slowest = Math.max(...rows.map((row) => row.milliseconds ?? 0));
  table.tBodies[0].replaceChildren(
    ...rows.map(({ backend, milliseconds: time, note }) => {
      const row = make('tr', backend === classifier.backend ? { class: 'used' } : {});
      row.append(make('th', { scope: 'row' }, backend));
      if (time === undefined) {
        row.append(make('td', { colspan: '2', class: 'note' }, note ?? 'cannot run here'));
      } else {
        const line = make('i');
        line.style.width = `${Math.max(2, (100 * time) / slowest)}%`;
        row.append(make('td', { class: 'line' }, line), make('td', {}, milliseconds(time)));
        if (note) row.title = note;
      }
      return row;
    }),
  );
  byId('measure', HTMLButtonElement).disabled = busy;
  byId('measured-hint').textContent = busy
    ? 'Measuring the others on this device …'
    : forced
      ? 'Asked for in the address; not chosen by measuring.'
      : rows.length === 1
        ? 'The only one that runs here.'
        : 'Measured on this device with this model.';
}

/**
 * How the model is written: in which of TensorFlow.js's two forms, with which weights.
 * @param {import('../../pytrain.js').ImageClassifier | null} classifier
 */
export function showForm(classifier) {
  const { dtype = 'float32', bytes, agreement } = classifier?.metadata.pytrain.weights ?? {};
  const rows = classifier ? { 'Written as': `${classifier.format}, ${dtype}` } : {};
  if (bytes) Object.assign(rows, { Size: `${Math.ceil(bytes / 1000).toLocaleString('en')} KB` });
  if (agreement) Object.assign(rows, { 'Same answer as full size': share(agreement.top1) });
  byId('form').replaceChildren(
    ...Object.entries(rows).map(([name, value]) =>
      make('div', {}, make('dt', {}, name), make('dd', {}, value)),
    ),
  );
}

/** @param {import('../../lib/golden.js').Check | null} check null: not yet known */
export function showCheck(check) {
  const [state, title, hint] = checked(check);
  byId('check').dataset.state = state;
  byId('check').textContent = title;
  byId('check-hint').textContent = hint;
}

/** @param {import('../../lib/golden.js').Check | null} check */
function checked(check) {
  if (!check) return ['', '–', 'Comparing with what Python answered …'];
  if (check.same === null)
    return ['unknown', 'Not checked', 'This model brings no pictures to compare with.'];
  const pictures = check.frames === 1 ? 'One test picture' : `${check.frames} test pictures`;
  const most = differenceText(Number(check.maxDifference));
  const hint = `${pictures}, greatest difference ${most}. Up to ${MAX_DIFFERENCE} counts as the same.`;
  return check.same ? ['same', 'Same as Python', hint] : ['differs', 'Differs', hint];
}

/** A number that people read: never 1e-7. @param {number} difference */
function differenceText(difference) {
  if (difference < 1e-7) return 'below 0.0000001';
  return difference < MAX_DIFFERENCE ? difference.toFixed(7).replace(/0+$/, '') : difference.toFixed(3);
}

/** @param {Record<string, {accuracy?: number}>} metrics */
export function showMetrics(metrics) {
  const known = Object.entries(metrics).filter(([, { accuracy }]) => typeof accuracy === 'number');
  const main = known.find(([name]) => name === 'glyphs') ?? known.at(-1);
  byId('accuracy').textContent = main ? share(main[1].accuracy) : '–';
  byId('metrics').replaceChildren(
    ...known.map(([name, { accuracy }]) =>
      make('div', {}, make('dt', {}, TESTS[name] ?? name), make('dd', {}, share(accuracy))),
    ),
  );
}
