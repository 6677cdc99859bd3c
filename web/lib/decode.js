// A picture's file as this browser shows it.

/**
 * By an image element, for it reads all that the browser can show, SVG too, and turns photographs upright.
 * @param {Blob} file
 * @returns {Promise<HTMLImageElement>}
 */
export async function decode(file) {
  const url = URL.createObjectURL(file);
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    return image;
  } finally {
    URL.revokeObjectURL(url);
  }
}
