// What the build fills in: this library's version, and where its own files are.

/** @type {string} */
export const version = /** @type {any} */ (globalThis).PYTRAIN_VERSION ?? 'development';

/** The version of TensorFlow.js inside the engine scripts; package.json pins it. @type {string} */
export const tfjsVersion = /** @type {any} */ (globalThis).TFJS_VERSION ?? 'development';

/** Folder of pytrain.js, the engine scripts and models/; the build puts the script's address in for both formats. */
export const base = new URL('.', import.meta.url).href;
