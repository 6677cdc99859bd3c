// A picture for a model: one of each class, side by side.

const SIDE = 240;

/**
 * @param {import('./studio.js').Project} project
 * @returns {Promise<Blob | undefined>} undefined where there is nothing to show
 */
export async function mosaic(project) {
  const newest = project.classes.flatMap(({ id }) => project.images(id).slice(-1));
  const across = newest.length > 4 ? 3 : newest.length > 1 ? 2 : 1;
  const shown = newest.slice(0, across ** 2);
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = SIDE;
  const context = canvas.getContext('2d');
  if (!context || shown.length === 0) return undefined;
  const down = Math.ceil(shown.length / across);
  const size = SIDE / across;
  context.fillStyle = '#1b1c1a';
  context.fillRect(0, 0, SIDE, SIDE);
  try {
    for (const [at, { id }] of shown.entries()) {
      const bitmap = await createImageBitmap(await project.blob(id));
      const y = (SIDE - down * size) / 2 + Math.floor(at / across) * size;
      context.drawImage(bitmap, (at % across) * size, y, size, size);
      bitmap.close();
    }
  } catch {
    return undefined; // a picture was deleted in another tab; the model is kept without one
  }
  return new Promise((resolve) => canvas.toBlob((blob) => resolve(blob ?? undefined), 'image/jpeg', 0.85));
}
