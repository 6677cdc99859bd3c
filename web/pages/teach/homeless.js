// Frames whose class is gone, perhaps in another tab: a new class for them, or away with them, as somebody decides.

import { freeName } from '../../lib/studio/names.js';
import { Gone } from '../../lib/studio/project.js';
import { byId, make } from '../dom.js';
import { showMessage } from '../message.js';
import { say } from './say.js';
import { plural, project } from './studio.js';

/** @typedef {import('./keeper.js').Home} Home */

const place = byId('homeless');

/** @param {import('./keeper.js').Keeper} keeper */
export function showHomeless(keeper) {
  place.hidden = keeper.homeless.length === 0;
  place.replaceChildren(...keeper.homeless.map(([home, frames]) => item(keeper, home, frames)));
}

/**
 * @param {import('./keeper.js').Keeper} keeper
 * @param {Home} home
 * @param {number} frames
 */
function item(keeper, home, frames) {
  const count = plural(frames, 'recorded picture');
  const keep = make('button', { type: 'button', class: 'text' }, `Keep in a new class ${home.name}`);
  const away = make('button', { type: 'button', class: 'text' }, 'Discard');
  keep.addEventListener('click', async () => {
    keep.disabled = away.disabled = true;
    try {
      await keeper.keepIn(home, await newHome(home));
    } catch (error) {
      showMessage('recording', error);
    }
    showHomeless(keeper);
  });
  away.addEventListener('click', () => {
    keeper.forget(home);
    showHomeless(keeper);
    say(`${count} discarded.`);
  });
  const waits = frames === 1 ? 'waits' : 'wait';
  const sentence = `${home.name} is gone, perhaps in another tab. ${count} ${waits} in memory.`;
  return make('p', { class: 'notice' }, make('span', {}, sentence), keep, away);
}

/**
 * The class itself, where it is back; else a new one of its name, in its project or, where that is gone, in the open one.
 * @param {Home} home
 * @returns {Promise<Home>}
 */
async function newHome(home) {
  if (home.project.classes.some(({ id }) => id === home.classId)) return { ...home };
  try {
    return await classIn(home.project, home.name);
  } catch (error) {
    if (!(error instanceof Gone)) throw error;
    return classIn(project(), home.name);
  }
}

/**
 * @param {import('./studio.js').Project} owner
 * @param {string} wanted
 * @returns {Promise<Home>}
 */
async function classIn(owner, wanted) {
  const names = owner.classes.map(({ name }) => name);
  const { id, name } = await owner.addClass(freeName(wanted, names));
  return { project: owner, classId: id, name };
}
