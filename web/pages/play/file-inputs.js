// The ways that files come to the page: chosen, dropped anywhere on it, or pasted.

import { PytrainError } from '../../lib/errors.js';
import { byId } from '../dom.js';
import { showMessage } from '../message.js';
import { showStatus } from '../status.js';
import { chosenFiles, filesOf } from './dropped.js';

/** A folder that takes longer than this, in milliseconds, is told of. */
const SLOW = 500;

/**
 * @param {(found: import('./dropped.js').Found[]) => void} onFiles
 */
export function listenForFiles(onFiles) {
  const zone = byId('drop');
  for (const id of ['file', 'folder', 'clip-file']) {
    const input = byId(id, HTMLInputElement);
    input.addEventListener('change', () => {
      const found = chosenFiles(input.files ?? []);
      input.value = ''; // the same file again is a change too
      onFiles(found);
    });
  }
  // Phones have no folders to choose.
  byId('folder-label').hidden =
    !('webkitdirectory' in HTMLInputElement.prototype) || matchMedia('(hover: none)').matches;
  document.addEventListener('paste', (event) => {
    const files = event.clipboardData?.files;
    if (!files?.length) return;
    event.preventDefault();
    onFiles(chosenFiles(files));
  });
  document.addEventListener('dragover', (event) => {
    event.preventDefault();
    zone.classList.add('over');
  });
  document.addEventListener('dragleave', (event) => {
    if (event.relatedTarget === null) zone.classList.remove('over');
  });
  document.addEventListener('drop', async (event) => {
    event.preventDefault();
    zone.classList.remove('over');
    const { dataTransfer } = event;
    if (!dataTransfer?.types.includes('Files')) return;
    const slow = setTimeout(() => showStatus('Looking through the folder …'), SLOW);
    try {
      onFiles(await filesOf(dataTransfer));
    } catch (error) {
      const why = /** @type {Error} */ (error).message;
      const fix = 'Check that you may open it, or choose it with the button “A whole folder”.';
      showMessage('files', new PytrainError(`The folder cannot be read: ${why}`, null, fix));
    }
    clearTimeout(slow);
  });
}
