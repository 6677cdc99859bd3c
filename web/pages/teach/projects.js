// Which project is open, its name, and the others: new, open, delete.

import { className, freeName, same } from '../../lib/studio/names.js';
import { deleteProject, listProjects, openProject } from '../../lib/studio/project.js';
import { byId, make } from '../dom.js';
import { showMessage } from '../message.js';
import { lastProject, moveModels, rememberProject } from './remembered.js';
import { plural, project, studio, tell } from './studio.js';

const FIRST = 'My project';

const dialog = byId('projects-dialog', HTMLDialogElement);
const list = byId('project-list');
const field = byId('project-name', HTMLInputElement);
const problem = byId('project-problem');

/** Opens what was open last, else the newest, else a new one. */
export async function openLast() {
  const names = (await listProjects()).map(({ name }) => name);
  const last = lastProject();
  await open(names.find((name) => name === last) ?? names[0] ?? FIRST);
}

/** @param {string} name */
export async function open(name) {
  const opened = await openProject(name);
  studio.project?.close();
  studio.project = opened;
  if (opened.classes.length === 0 && !opened.undoable) {
    // Two at least are needed, so two are there to be named.
    await opened.addClass();
    await opened.addClass();
  }
  opened.on('change', changed);
  opened.on('deleted', () => gone(opened.name));
  showName();
  tell('project');
  tell('classes');
}

function changed() {
  if (field.dataset.name !== project().name) showName();
  tell('classes');
}

/** A name that no project has yet. @param {string} wanted */
export async function freeProjectName(wanted) {
  return freeName(
    wanted,
    (await listProjects()).map(({ name }) => name),
  );
}

function showName() {
  const { name } = project();
  rememberProject(name);
  field.value = name;
  field.dataset.name = name;
  document.title = `${name}, teach, pytrain`;
  say(null);
}

/** @param {string} name */
async function gone(name) {
  await openLast();
  showMessage('project', {
    what: `${name} was deleted in another tab.`,
    fix: `Now open: ${project().name}.`,
  });
}

async function rename() {
  const before = project().name;
  const others = (await listProjects()).map(({ name }) => name).filter((name) => !same(name, before));
  const checked = className(field.value, others);
  if (checked.name === undefined) {
    say(checked);
    return;
  }
  say(null);
  if (checked.name === before) {
    field.value = before;
    return;
  }
  try {
    await project().rename(checked.name);
    moveModels(before, checked.name);
    showName();
  } catch (error) {
    showMessage('project', error);
  }
}

/** @param {{problem: string, suggestion: string} | null} wrong */
function say(wrong) {
  problem.hidden = wrong === null;
  field.setAttribute('aria-invalid', String(wrong !== null));
  if (!wrong) return;
  const use = make('button', { type: 'button', class: 'text' }, `Use ${wrong.suggestion}`);
  use.addEventListener('click', () => {
    field.value = wrong.suggestion;
    rename();
  });
  problem.replaceChildren(wrong.problem, use);
}

async function showList() {
  const projects = await listProjects();
  list.replaceChildren(...projects.map(item));
}

/** @param {{name: string, classes: string[], images: number, changed: Date}} one */
function item({ name, classes, images, changed: date }) {
  const current = name === studio.project?.name;
  const facts = `${plural(images, 'picture')}, ${classes.join(', ') || 'no class'}`;
  const day = date.toLocaleDateString(undefined, { day: 'numeric', month: 'long' });
  const choose = make(
    'button',
    { type: 'button', class: 'open', ...(current && { 'aria-current': 'true' }) },
    make('strong', {}, name),
    make('span', { class: 'hint' }, `${facts}. ${current ? 'Open now.' : `Last changed ${day}.`}`),
  );
  choose.addEventListener('click', () => run(() => open(name)));
  const away = make('button', { type: 'button', class: 'text', 'aria-label': `Delete ${name}` }, 'Delete');
  const row = make('li', {}, choose, away);
  away.addEventListener('click', () => askFirst(row, name, images));
  return row;
}

/**
 * A whole project does not come back, so it is asked for first.
 * @param {HTMLElement} row
 * @param {string} name
 * @param {number} images
 */
function askFirst(row, name, images) {
  const what = images ? `${name} and its ${plural(images, 'picture')}` : name;
  const yes = make('button', { type: 'button', class: 'strong' }, 'Delete for good');
  const no = make('button', { type: 'button' }, 'Keep it');
  const ask = make('div', { class: 'sure', role: 'group', 'aria-label': `Delete ${name}` });
  ask.append(make('p', {}, `Delete ${what}? This cannot be undone. Models made of it stay.`), yes, no);
  row.querySelector('.sure')?.remove();
  row.append(ask);
  no.addEventListener('click', () => {
    ask.remove();
    /** @type {HTMLElement | null} */ (row.querySelector('.text'))?.focus();
  });
  yes.addEventListener('click', async () => {
    try {
      await deleteProject(name);
      moveModels(name, null);
      if (name === studio.project?.name) await openLast();
    } catch (error) {
      dialog.close();
      showMessage('project', error);
    }
    await showList();
    byId('new-project').focus();
  });
  no.focus();
}

/** @param {() => Promise<void>} work what ends the dialog */
async function run(work) {
  try {
    await work();
  } catch (error) {
    showMessage('project', error);
  }
  dialog.close();
}

byId('projects').addEventListener('click', async () => {
  try {
    await showList();
    dialog.showModal();
  } catch (error) {
    showMessage('project', error);
  }
});
byId('projects-close').addEventListener('click', () => dialog.close());
byId('new-project').addEventListener('click', () => run(async () => open(await freeProjectName(FIRST))));
field.addEventListener('change', rename);
field.addEventListener('keydown', ({ key }) => {
  if (key === 'Enter') field.blur();
  if (key === 'Escape') showName();
});
