// The list of classes, its warnings, and the row of record buttons that a phone has below the page.

import { UNKNOWN } from '../../lib/studio/names.js';
import { byId, make } from '../dom.js';
import { showMessage } from '../message.js';
import { camera, onCamera } from './camera-zone.js';
import { ClassRow } from './class-row.js';
import { paint } from './colours.js';
import { holdButton } from './hold-button.js';
import { inFrame, on, plural, project, studio } from './studio.js';

const list = byId('classes');
const bar = byId('record-bar');
const buttons = byId('record-buttons');

/** Nothing is warned of while pictures still come, in milliseconds. */
const WARN_AFTER = 500;

/** @type {ReturnType<typeof setTimeout> | undefined} */
let warning;
/** @type {Map<string, ClassRow>} */
let rows = new Map();
/** @type {Map<string, ReturnType<typeof holdButton>>} */
let held = new Map();

/** Makes a class and puts the cursor into its name. */
export async function addClass() {
  try {
    const { id } = await project().addClass();
    rows.get(id)?.focusName();
    rows.get(id)?.element.scrollIntoView({ block: 'nearest' });
  } catch (error) {
    showMessage('classes', error);
  }
}

function show() {
  if (!studio.project) return;
  const { classes } = studio.project;
  for (const [id, row] of rows) {
    if (classes.some((one) => one.id === id)) continue;
    row.dispose();
    held.get(id)?.remove();
    rows.delete(id);
    held.delete(id);
  }
  for (const [place, one] of classes.entries()) {
    const row = rows.get(one.id) ?? new ClassRow(one);
    const button = held.get(one.id) ?? holdButton(one.id, true);
    rows.set(one.id, row);
    held.set(one.id, button);
    if (list.children[place] !== row.element) list.insertBefore(row.element, list.children[place] ?? null);
    if (buttons.children[place] !== button) buttons.insertBefore(button, buttons.children[place] ?? null);
    row.show(one, place);
    button.show(one, place);
  }
  byId('unknown-hint').hidden = classes.length < 2 || classes.some(({ name }) => name === UNKNOWN);
  buttons.classList.toggle('scrolls', buttons.scrollWidth > buttons.clientWidth);
  showTotal();
  clearTimeout(warning);
  warning = setTimeout(showWarnings, WARN_AFTER);
}

function showTotal() {
  const { total } = project().counts();
  byId('total').textContent = total ? plural(total, 'picture') : '';
}

function showWarnings() {
  // That one class is not enough is said by the headline.
  const warnings = project()
    .warnings()
    .filter(({ kind }) => kind !== 'one-class');
  byId('warnings').replaceChildren(
    ...warnings.map(({ kind, classId, text }) => {
      const item = make('li', { 'data-kind': kind }, text);
      const one = project().classes.find(({ id }) => id === classId);
      if (one) paint(item, one.colour);
      return item;
    }),
  );
}

const later = inFrame(show);
on('classes', () => {
  // A class that was made must be there at once, to take its name.
  if (studio.project && studio.project.classes.length !== rows.size) show();
  else later();
});
on('project', () => {
  for (const row of rows.values()) row.dispose();
  rows = new Map();
  held = new Map();
  buttons.replaceChildren();
  show();
});
onCamera(() => {
  bar.hidden = !camera.running;
});
// The camera small beside the buttons, where it is not on the screen itself.
new IntersectionObserver(([{ isIntersecting }]) => {
  bar.toggleAttribute('data-small', !isIntersecting);
}).observe(byId('stage'));
byId('add-class').addEventListener('click', addClass);
