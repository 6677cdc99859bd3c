// Taking pictures and classes away, and bringing them back.

import { byId, make } from '../dom.js';
import { showMessage } from '../message.js';
import { say } from './say.js';
import { on, plural, project, studio } from './studio.js';

const note = make('p', { class: 'notice', 'data-testid': 'removed' });
const always = byId('undo', HTMLButtonElement);

/**
 * @param {readonly string[]} ids
 * @param {HTMLElement} row of their class
 */
export async function removeImages(ids, row) {
  try {
    await project().remove(ids);
    tellRemoved(`${plural(ids.length, 'picture')} removed.`, row);
  } catch (error) {
    showMessage('classes', error);
  }
}

/** @param {import('../../lib/studio/project.js').Class} one */
export async function removeClass(one) {
  try {
    await project().removeClass(one.id);
    tellRemoved(`${one.name} removed.`, byId('class-note-place'));
  } catch (error) {
    showMessage('classes', error);
  }
}

/** Brings back what was removed last. */
export async function undo() {
  note.remove();
  try {
    const back = await project().undo();
    if (!back) return;
    say(back.className ? `${back.className} is back.` : `${plural(back.images, 'picture')} back.`);
  } catch (error) {
    showMessage('classes', error);
  }
}

/**
 * @param {string} sentence
 * @param {HTMLElement} place
 */
function tellRemoved(sentence, place) {
  const button = make('button', { type: 'button', class: 'text' }, 'Undo');
  button.addEventListener('click', undo);
  note.replaceChildren(make('span', {}, sentence), button);
  (place.querySelector('.class-pictures') ?? place).append(note);
  say(`${sentence} Control Z brings back.`);
}

function show() {
  always.hidden = !studio.project?.undoable;
  if (!studio.project?.undoable) note.remove();
}

always.addEventListener('click', undo);
on('classes', show);
on('project', () => note.remove());
