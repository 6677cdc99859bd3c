// What is dropped beside the classes: folders become classes, zips are opened.

import { byId } from '../dom.js';
import { showMessage } from '../message.js';
import { addFolders, chosen, dropped, tellClosed } from './files.js';
import { ready } from './studio.js';
import { OPENS, openFile } from './zips.js';

document.addEventListener('dragover', (event) => event.preventDefault());
document.addEventListener('drop', async (event) => {
  event.preventDefault();
  if (!event.dataTransfer) return;
  const { groups, closed } = await dropped(event.dataTransfer);
  await ready;
  const folders = groups.filter(({ folder }) => folder !== '');
  const files = groups.find(({ folder }) => folder === '')?.files ?? [];
  const zip = files.find(({ name }) => OPENS.test(name));
  if (zip) {
    await openFile(zip);
    return;
  }
  if (folders.length) await addFolders(folders);
  if (files.length) {
    showMessage('files', {
      what: 'Which class do these belong to?',
      fix: 'Drop pictures onto a class. A folder with a folder for each class may be dropped anywhere.',
    });
  }
  tellClosed(closed);
});

byId('add-folder').addEventListener('change', async ({ target }) => {
  const input = /** @type {HTMLInputElement} */ (target);
  const groups = chosen(/** @type {FileList} */ (input.files));
  input.value = '';
  await ready;
  await addFolders(groups);
});
