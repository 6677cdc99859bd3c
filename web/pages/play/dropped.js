// The files behind what was dropped, pasted or chosen: folders are gone through, whatever lies in them.

/** @typedef {{file: File, path: string}} Found path: with its folders, as `pytrain predict` writes it */

/** What systems put into folders on their own account. */
const LITTER = /^(\.|Thumbs\.db$|desktop\.ini$)/;

/**
 * What was dropped. Must be called while the event is handled: later the browser has forgotten it.
 * @param {DataTransfer} transfer
 * @returns {Promise<Found[]>}
 */
export async function filesOf(transfer) {
  const items = [...transfer.items].filter(({ kind }) => kind === 'file');
  const taken = items.map((item) => ({ entry: item.webkitGetAsEntry?.(), file: item.getAsFile() }));
  /** @type {Found[]} */
  const found = [];
  for (const { entry, file } of taken) {
    if (entry?.isDirectory) await walk(/** @type {FileSystemDirectoryEntry} */ (entry), found);
    else if (file) found.push({ file, path: file.name });
  }
  return found;
}

/**
 * What was chosen.
 * @param {Iterable<File>} files
 * @returns {Found[]}
 */
export function chosenFiles(files) {
  return [...files]
    .map((file) => ({ file, path: file.webkitRelativePath || file.name }))
    .filter(({ path }) => !path.includes('/') || !path.split('/').some((part) => LITTER.test(part)));
}

/**
 * @param {FileSystemDirectoryEntry} folder
 * @param {Found[]} found grows
 */
async function walk(folder, found) {
  const reader = folder.createReader();
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject)); // a hundred at a time
    if (some.length === 0) return;
    for (const entry of some) {
      if (LITTER.test(entry.name)) continue;
      if (entry.isDirectory) await walk(/** @type {FileSystemDirectoryEntry} */ (entry), found);
      else
        found.push({
          file: await open(/** @type {FileSystemFileEntry} */ (entry)),
          path: entry.fullPath.slice(1),
        });
    }
  }
}

/** @param {FileSystemFileEntry} entry @returns {Promise<File>} */
function open(entry) {
  // A file that went away meanwhile is listed all the same, as one that is empty.
  return new Promise((resolve) => entry.file(resolve, () => resolve(new File([], entry.name))));
}
