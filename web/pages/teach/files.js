// Files and folders that were chosen or dropped: which there are, and adding them to classes.

import { byId, make } from '../dom.js';
import { showMessage } from '../message.js';
import { say } from './say.js';
import { plural, project } from './studio.js';

/** @typedef {{folder: string, files: File[]}} Group the folder that holds the files; '' for none */

/** Files that systems put beside pictures, which nobody meant to add. */
const CLUTTER = /^(\..*|Thumbs\.db|desktop\.ini|__MACOSX)$/i;

/** So many refused files are told by name. */
const NAMED = 3;

/**
 * What was dropped. Must be called while the drop is told; its folders are read afterwards.
 * @param {DataTransfer} transfer
 * @returns {Promise<{groups: Group[], closed: string[]}>} closed: folders that could not be read
 */
export async function dropped(transfer) {
  const entries = [...transfer.items].map((item) =>
    item.kind === 'file' ? item.webkitGetAsEntry?.() : null,
  );
  const files = [...transfer.files];
  if (!entries.some((entry) => entry?.isDirectory)) {
    return { groups: files.length ? [{ folder: '', files }] : [], closed: [] };
  }
  /** @type {Map<string, File[]>} */
  const groups = new Map();
  /** @type {string[]} */
  const closed = [];
  for (const entry of entries) if (entry) await walk(entry, '', groups, closed);
  return { groups: [...groups].map(([folder, found]) => ({ folder, files: found })), closed };
}

/**
 * @param {FileSystemEntry} entry
 * @param {string} folder
 * @param {Map<string, File[]>} groups
 * @param {string[]} closed
 */
async function walk(entry, folder, groups, closed) {
  if (CLUTTER.test(entry.name)) return;
  if (entry.isFile) {
    const file = await open(/** @type {FileSystemFileEntry} */ (entry));
    groups.set(folder, [...(groups.get(folder) ?? []), file]);
    return;
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  for (;;) {
    /** A reader gives its entries a hundred at a time. @type {FileSystemEntry[] | null} */
    const some = await new Promise((resolve) => reader.readEntries(resolve, () => resolve(null)));
    if (!some) closed.push(entry.name);
    if (!some?.length) return;
    for (const one of some) await walk(one, entry.name, groups, closed);
  }
}

/** @param {FileSystemFileEntry} entry @returns {Promise<File>} */
function open(entry) {
  // A file that cannot be read is refused by its name later, as one that is empty.
  return new Promise((resolve) => entry.file(resolve, () => resolve(new File([], entry.name))));
}

/** @param {readonly string[]} closed folders that could not be read */
export function tellClosed(closed) {
  if (closed.length === 0) return;
  showMessage('files', {
    what: `The folder ${closed.join(', ')} cannot be read; what is beside it was taken.`,
    fix: 'Check that you may open it, or choose it with the button “Folders of pictures”.',
  });
}

/**
 * What was chosen with a folder chooser.
 * @param {FileList} list
 * @returns {Group[]}
 */
export function chosen(list) {
  /** @type {Map<string, File[]>} */
  const groups = new Map();
  for (const file of list) {
    const parts = file.webkitRelativePath.split('/');
    if (parts.some((part) => CLUTTER.test(part)) || CLUTTER.test(file.name)) continue;
    const folder = parts.at(-2) ?? '';
    groups.set(folder, [...(groups.get(folder) ?? []), file]);
  }
  return [...groups].map(([folder, files]) => ({ folder, files }));
}

/**
 * @param {string} classId
 * @param {readonly File[]} files
 * @param {HTMLElement} place where to say how far it is
 */
export async function addFiles(classId, files, place) {
  if (files.length === 0) return;
  const control = new AbortController();
  const text = make('span', {});
  const stop = make('button', { type: 'button', class: 'text' }, 'Stop');
  stop.addEventListener('click', () => control.abort());
  const show = (/** @type {number} */ done) => {
    text.textContent = `Adding ${plural(done, 'file')} of ${files.length.toLocaleString('en')}`;
  };
  show(0);
  place.replaceChildren(text, stop);
  place.hidden = false;
  try {
    const { ids, refused } = await project().addFiles(classId, files, {
      onProgress: ({ done }) => show(done),
      signal: control.signal,
    });
    say(`${plural(ids.length, 'picture')} added.`);
    if (refused.length) tellRefused(refused);
  } catch (error) {
    showMessage('files', error);
  } finally {
    place.hidden = true;
    place.replaceChildren();
  }
}

/** @param {readonly {name: string, error: Error}[]} refused */
function tellRefused(refused) {
  const [{ error }] = refused;
  const { what, expected, fix } = /** @type {any} */ (error);
  if (refused.length === 1) {
    showMessage('files', { what: what ?? error.message, expected, fix });
    return;
  }
  const names = refused.slice(0, NAMED).map(({ name }) => name);
  const more = refused.length - names.length;
  showMessage('files', {
    what: `${plural(refused.length, 'file')} were left out: ${names.join(', ')}${more ? ` and ${more.toLocaleString('en')} more` : ''}.`,
    expected,
    fix: `${what ?? error.message} ${fix ?? ''}`,
  });
}

/**
 * A folder of folders: a class for each, made where there is none of its name.
 * @param {readonly Group[]} groups
 */
export async function addFolders(groups) {
  const place = byId('class-note');
  for (const { folder, files } of groups) {
    const known = project().classes.find(({ name }) => name.toLowerCase() === folder.toLowerCase());
    const empty = project().classes.find(
      ({ id, name }) => /^Class \d+$/.test(name) && project().images(id).length === 0,
    );
    try {
      if (!known && empty) await project().renameClass(empty.id, folder);
      const { id } = known ?? empty ?? (await project().addClass(folder));
      await addFiles(id, files, place);
    } catch (error) {
      showMessage('files', error);
      return;
    }
  }
}
