// Both models on the pictures that neither has seen: how often each is right, and where they differ.

import { compare } from '../../lib/studio/trainer.js';
import { byId, make } from '../dom.js';
import { clearMessage, showMessage } from '../message.js';
import { showBlob } from './grid.js';
import { percent } from './poster.js';
import { classifierOf, WAYS } from './preview.js';
import { Progress } from './progress.js';
import { on, plural, project, studio } from './studio.js';

/** @typedef {import('./studio.js').Way} Way */
/** @typedef {Awaited<ReturnType<typeof compare>>[number]} Compared */
/** @typedef {import('../../pytrain.js').ImageClassifier} ImageClassifier */

/** More pictures are not looked at one by one. */
const MOST_SHOWN = 24;

const place = byId('comparison');
const button = byId('run-compare', HTMLButtonElement);
const ways = /** @type {Way[]} */ (Object.keys(WAYS));

async function run() {
  const { here, python } = studio.trained;
  if (!here || !python) return;
  const owner = project();
  const progress = new Progress(make('div', {}));
  place.replaceChildren(progress.box);
  progress.begin('Comparing');
  progress.show('Loading both', '', null);
  button.disabled = true;
  clearMessage('compare');
  try {
    const classifiers = await Promise.all([here, python].map(classifierOf));
    const compared = await compare(owner, classifiers, {
      onProgress: ({ done, total }) =>
        progress.show('Asking both', `${done} of ${plural(total, 'picture')}`, done / total),
    });
    if (owner !== studio.project) return;
    await show(compared, classifiers);
  } catch (error) {
    place.replaceChildren();
    showMessage('compare', error, { label: 'Compare again', run });
  } finally {
    button.disabled = false;
  }
}

/**
 * @param {Compared[]} compared
 * @param {ImageClassifier[]} classifiers
 */
async function show(compared, classifiers) {
  const [{ n }] = compared;
  if (n === 0) {
    const why = 'No pictures are kept for checking yet: record at least five of a class in one go.';
    place.replaceChildren(make('p', {}, why));
    return;
  }
  place.replaceChildren(table(compared), ...(await differences(compared, classifiers)));
}

/** @param {Compared[]} compared */
function table(compared) {
  const [{ labels, n }] = compared;
  const head = make('tr', {}, make('th', { scope: 'col' }, plural(n, 'picture')));
  for (const way of ways) head.append(make('th', { scope: 'col' }, WAYS[way]));
  const shares = compared.map(({ accuracy }) => accuracy ?? 0);
  const best = Math.max(...shares);
  const equal = shares.every((share) => share === best);
  const overall = make('tr', { class: 'overall' }, make('th', { scope: 'row' }, 'Right'));
  for (const share of shares) {
    overall.append(make('td', share === best && !equal ? { class: 'best' } : {}, percent(share)));
  }
  const rows = labels.map((label, at) => {
    const row = make('tr', {}, make('th', { scope: 'row' }, label));
    for (const { confusion } of compared) {
      const all = confusion[at].reduce((sum, count) => sum + count, 0);
      row.append(make('td', {}, all ? `${confusion[at][at]} of ${all}` : 'none kept'));
    }
    return row;
  });
  return make(
    'table',
    { 'data-testid': 'compared' },
    make('thead', {}, head),
    make('tbody', {}, overall, ...rows),
  );
}

/**
 * @param {Compared[]} compared
 * @param {ImageClassifier[]} classifiers
 */
async function differences(compared, classifiers) {
  const [here, python] = compared.map(({ wrong }) => new Set(wrong));
  const differ = [...here, ...python].filter((id) => here.has(id) !== python.has(id));
  const both = [...here].filter((id) => python.has(id)).length;
  const text = [
    differ.length ? `One is right and the other is not on ${plural(differ.length, 'picture')}.` : '',
    both ? `Both are wrong on ${plural(both, 'picture')}.` : '',
    differ.length || both ? '' : 'Both are right on every picture.',
  ];
  const shown = differ.slice(0, MOST_SHOWN);
  const list = make('ul', { class: 'differences', 'data-testid': 'differences' });
  for (const id of shown) list.append(await difference(id, classifiers));
  const sentence = make('p', { class: 'in-words' }, text.filter(Boolean).join(' '));
  return shown.length ? [sentence, list] : [sentence];
}

/**
 * @param {string} id
 * @param {ImageClassifier[]} classifiers
 */
async function difference(id, classifiers) {
  const owner = project();
  const truth =
    owner.classes.find((one) => owner.images(one.id).some((image) => image.id === id))?.name ?? '';
  const picture = make('img', { alt: `A picture of ${truth}` });
  const blob = await owner.blob(id);
  const shown = showBlob(picture, blob);
  const bitmap = await createImageBitmap(blob);
  const facts = make('dl', {}, make('dt', {}, 'Is'), make('dd', {}, truth));
  for (const [at, classifier] of classifiers.entries()) {
    const [best] = await classifier.classify(bitmap, 1);
    const answer = make('dd', {}, best.label);
    if (best.label !== truth) {
      answer.className = 'mistaken';
      answer.append(make('span', { class: 'hidden' }, ', which is wrong'));
    }
    facts.append(make('dt', {}, WAYS[ways[at]]), answer);
  }
  bitmap.close();
  await shown;
  return make('li', {}, picture, facts);
}

on('trained', () => {
  byId('compare').hidden = !(studio.trained.here && studio.trained.python);
  place.replaceChildren();
});
button.addEventListener('click', run);
