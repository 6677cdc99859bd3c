// Projects, pictures and models as zip files: saved, and opened again; Teachable Machine's are opened, too.

import { Zip, ZipDeflate, ZipPassThrough } from 'fflate';
import { imageClassifier } from '../../pytrain.js';
import { checkMetadata } from '../contract.js';
import { PytrainError, toPlain } from '../errors.js';
import { SIZE } from '../preprocess.js';
import { className, freeName, UNKNOWN } from './names.js';
import { fromFile } from './pictures.js';
import { deleteProject, listProjects, openProject } from './project.js';
import { listSavedModels, openSavedModel, saveModel } from './saved-models.js';
import { listZip, ZipError } from './unzip.js';

/** @typedef {import('./project.js').Project} Project */
/** @typedef {import('../memory.js').Files} Files */
/** @typedef {import('./unzip.js').Entry} Entry */
/** @typedef {{onProgress?: (progress: {done: number, total: number}) => void, signal?: AbortSignal}} Options */

/** What project.json says of itself. */
const FORMAT = 'pytrain-project';
const VERSION = 1;

/** Bytes that are put together at a time; the browser keeps what lies in a Blob elsewhere than in memory. */
const PART = 16 * 1024 * 1024;

/** A zip of the older form has room for no more files. */
const MOST_FILES = 65_000;

const PICTURE = /\.(jpe?g|png|webp|gif|bmp|avif|heic|heif)$/i;

/** Pictures of a zip that are added to a project at a time. */
const TOGETHER = 16;

/**
 * The whole project: pictures, what is held out, colours, and models.
 * @param {Project} project
 * @param {Options & {models?: string[]}} [options] models: names of saved ones that go along
 * @returns {Promise<Blob>}
 */
export async function saveProject(project, { models = [], onProgress, signal } = {}) {
  await project.settleHeldOut();
  const classes = project.classes.map(({ id, name, colour }) => ({
    name,
    colour,
    images: project.images(id).map((image) => ({ file: `images/${name}/${image.id}.jpg`, ...image })),
  }));
  const saved = await Promise.all(models.map(openSavedModel));
  const content = {
    format: FORMAT,
    version: VERSION,
    name: project.name,
    classes: classes.map(({ images, ...rest }) => ({
      ...rest,
      images: images.map(({ file, recording, time, heldOut }) => ({ file, recording, time, heldOut })),
    })),
    models: saved.map(({ name }) => ({ name, folder: `model/${name}` })),
  };
  const pictures = classes.flatMap(({ images }) => images);
  const writer = new Writer(pictures.length, { onProgress, signal });
  await writer.text('project.json', `${JSON.stringify(content, null, 1)}\n`);
  for (const { file, id } of pictures) await writer.picture(file, await project.blob(id));
  for (const { name, files } of saved) {
    for (const [file, blob] of Object.entries(files)) await writer.file(`model/${name}/${file}`, blob);
  }
  return writer.end();
}

/**
 * All pictures, in a folder for each class, as pytrain train takes them.
 * @param {Project} project
 * @param {Options} [options]
 * @returns {Promise<Blob>}
 */
export async function saveImages(project, options = {}) {
  const images = project.classes.flatMap(({ id, name }) =>
    project.images(id).map((image) => ({ file: `${name}/${image.id}.jpg`, id: image.id })),
  );
  const writer = new Writer(images.length, options);
  for (const { file, id } of images) await writer.picture(file, await project.blob(id));
  return writer.end();
}

/**
 * A bundle, its files at the top, as Teachable Machine's download has them.
 * @param {Files} files
 * @returns {Promise<Blob>}
 */
export async function saveBundle(files) {
  const writer = new Writer(0, {});
  for (const [file, content] of Object.entries(files)) {
    await writer.file(file, new Blob([/** @type {any} */ (content)]));
  }
  return writer.end();
}

/**
 * @typedef {object} Opened
 * @property {'project' | 'model'} kind
 * @property {string} name of the new project, or of the saved model
 * @property {string[]} models names of the models that were saved
 * @property {{name: string, error: Error}[]} refused pictures that could not be read, models that cannot run, and why
 */

/**
 * Opens a zip as a new project or as a saved model: a project that was saved here, pictures in folders, a project of
 * Teachable Machine (.tm), or a model: a bundle, or what Teachable Machine exports for TensorFlow.js. Where it fails,
 * nothing of it is kept.
 * @param {Blob & {name?: string}} file
 * @param {Options} [options]
 * @returns {Promise<Opened>}
 */
export async function openZip(file, options = {}) {
  const named = file.name ?? 'The file';
  const entries = withoutRoot(await listZip(file));
  const byPath = new Map(entries.map((entry) => [entry.path, entry]));
  const title = named.replace(/\.[^.]*$/, '');
  if (byPath.has('project.json')) return openOwn(named, byPath, options);
  if (byPath.has('metadata.json')) return openModel(named, title, byPath);
  const manifest = byPath.get('manifest.json');
  if (manifest) checkManifest(named, await jsonOf(named, manifest));
  const pictures = entries.filter(({ path }) => PICTURE.test(path));
  if (pictures.length === 0) {
    throw new PytrainError(
      `${named} holds no project, no pictures and no model.`,
      'a zip that was saved here, folders of pictures, or what Teachable Machine saves',
      'Choose another file.',
    );
  }
  /** @type {Map<string, {entry: Entry}[]>} */
  const classes = new Map();
  for (const entry of pictures) {
    const label = labelOf(entry.path) ?? title;
    classes.set(label, [...(classes.get(label) ?? []), { entry }]);
  }
  const list = [...classes].map(([name, images]) => ({ name, images }));
  return openPictures(title, list, [], options);
}

/**
 * The class of a picture: by its folder, or by its name as Teachable Machine gives it.
 *
 * Teachable Machine's project is a zip, as its authors say (googlecreativelab/teachablemachine-community, issue 38),
 * but nobody has written down what is in it. Files seen so far have a manifest.json with a `type`, and pictures at the
 * top called `<class>-!-<number>` and an ending; whatever else is there is passed over.
 * @param {string} path
 * @returns {string | null} null where neither tells
 */
function labelOf(path) {
  const parts = path.split('/');
  const file = parts.pop() ?? '';
  const mark = file.lastIndexOf('-!-');
  if (mark > 0) return file.slice(0, mark);
  return parts.pop() ?? null;
}

/**
 * @param {string} named
 * @param {any} manifest
 */
function checkManifest(named, manifest) {
  const type = manifest?.type;
  if (type === undefined || type === 'image') return;
  throw new PytrainError(
    `${named} is a project of Teachable Machine for ${String(type).slice(0, 20)}.`,
    'one for images',
    'Choose an image project.',
  );
}

/**
 * @param {string} named
 * @param {Map<string, Entry>} entries
 * @param {Options} options
 */
async function openOwn(named, entries, options) {
  const content = await jsonOf(named, /** @type {Entry} */ (entries.get('project.json')));
  const broken = () =>
    new PytrainError(
      `${named}: project.json is damaged, or of another program.`,
      `a project that was saved here, version ${VERSION}`,
      'Open the file as it was saved, or load the newest version of this page.',
    );
  if (content?.format !== FORMAT || content.version !== VERSION || !Array.isArray(content.classes))
    throw broken();
  const classes = content.classes.map((/** @type {any} */ { name, colour, images }) => {
    if (typeof name !== 'string' || !Array.isArray(images)) throw broken();
    return {
      name,
      colour: /^#[0-9a-f]{6}$/i.test(colour) ? colour : undefined,
      images: images.map((/** @type {any} */ { file, recording, time, heldOut }) => {
        const entry = entries.get(file);
        if (!entry) {
          throw new PytrainError(
            `${named}: the picture ${file} is missing.`,
            'all files as they were saved',
            'Copy the file again.',
          );
        }
        return {
          entry,
          recording: typeof recording === 'string' ? recording : null,
          ...(Number.isFinite(time) && { time }),
          ...(typeof heldOut === 'boolean' && { heldOut }),
        };
      }),
    };
  });
  const models = (Array.isArray(content.models) ? content.models : []).map(
    (/** @type {any} */ { name, folder }) => ({
      name: String(name),
      files: inFolder(entries, `${folder}/`),
    }),
  );
  return openPictures(String(content.name), classes, models, options);
}

/**
 * @typedef {{entry: Entry, recording?: string | null, time?: number, heldOut?: boolean}} ImageEntry
 * @param {string} title
 * @param {{name: string, colour?: string, images: ImageEntry[]}[]} classes
 * @param {{name: string, files: Map<string, Entry>}[]} models
 * @param {Options} options
 * @returns {Promise<Opened>}
 */
async function openPictures(title, classes, models, { onProgress = () => {}, signal }) {
  const names = (await listProjects()).map(({ name }) => name);
  const name = goodName(title, names);
  const total = classes.reduce((sum, { images }) => sum + images.length, 0);
  let done = 0;
  const project = await openProject(name);
  /** @type {Opened['refused']} */
  const refused = [];
  try {
    for (const { name: label, colour, images } of classes) {
      const taken = project.classes.map((one) => one.name);
      const made = await project.addClass(goodName(label, taken));
      if (colour) await project.recolour(made.id, colour);
      for (let at = 0; at < images.length; at += TOGETHER) {
        signal?.throwIfAborted();
        const read = await Promise.allSettled(images.slice(at, at + TOGETHER).map(pictureOf));
        /** @type {import('./project.js').NewImage[]} */
        const good = [];
        for (const [number, outcome] of read.entries()) {
          if (outcome.status === 'fulfilled') good.push(outcome.value);
          else if (outcome.reason instanceof ZipError) throw outcome.reason;
          else refused.push({ name: images[at + number].entry.path, error: outcome.reason });
        }
        if (good.length) await project.addImages(made.id, good);
        done += read.length;
        onProgress({ done, total });
      }
    }
    if (total > 0 && refused.length === total) throw refused[0].error;
    const saved = [];
    for (const model of models) {
      const files = await bytesOf(model.files);
      try {
        saved.push(await keepModel(model.name, files));
      } catch (error) {
        // The pictures are worth having without it.
        refused.push({ name: `the model ${model.name}`, error: /** @type {Error} */ (error) });
      }
    }
    return { kind: 'project', name: project.name, models: saved, refused };
  } catch (error) {
    await deleteProject(project.name);
    throw error;
  } finally {
    project.close();
  }
}

/**
 * @param {ImageEntry} image
 * @returns {Promise<import('./project.js').NewImage>}
 */
async function pictureOf({ entry, ...rest }) {
  const bytes = await entry.read();
  return { blob: await fromFile(new Blob([bytes]), entry.path), ...rest };
}

/**
 * @param {string} named
 * @param {string} title
 * @param {Map<string, Entry>} entries
 * @returns {Promise<Opened>}
 */
async function openModel(named, title, entries) {
  const files = await bytesOf(entries);
  const metadata = await jsonOf(named, /** @type {Entry} */ (entries.get('metadata.json')));
  if (metadata?.pytrain === undefined) files['metadata.json'] = asOurs(named, metadata, files);
  const name = await keepModel(String(metadata.modelName || title), files, title);
  return { kind: 'model', name, models: [name], refused: [] };
}

/**
 * What Teachable Machine's metadata.json lacks: model.json takes 224 x 224 pixels from -1 to 1, as ours do.
 * @param {string} named
 * @param {any} metadata
 * @param {Files} files
 */
function asOurs(named, metadata, files) {
  const size = metadata?.imageSize ?? SIZE;
  const isForPictures = Array.isArray(metadata?.labels) && files['model.json'] !== undefined;
  if (!isForPictures || size !== SIZE || /pose|speech/i.test(metadata.packageName ?? '')) {
    throw new PytrainError(
      `${named} is no model for pictures of ${SIZE} x ${SIZE} pixels.`,
      "metadata.json with labels, model.json and weights: Teachable Machine's image model for TensorFlow.js",
      'In Teachable Machine, export a standard image model for TensorFlow.js and download it.',
    );
  }
  const pytrain = {
    schema: 1,
    input: {
      shape: [SIZE, SIZE, 3],
      range: [-1, 1],
      colour: 'RGB',
      crop: 'centre square',
      resize: 'bilinear, half-pixel centres, no antialias',
    },
    formats: { layers: true, graph: false, why: 'Teachable Machine exports model.json alone.' },
    outputs: { probabilities: 'softmax, one for each label' },
    golden: 0,
    calibration: {},
    metrics: {},
    source: { file: named, made: 'Teachable Machine' },
    verification: { checked: false, why: 'made by another program' },
  };
  const content = { ...metadata, imageSize: SIZE, pytrain };
  checkMetadata(named, content);
  return `${JSON.stringify(content, null, 1)}\n`;
}

/**
 * @param {string} wanted
 * @param {Files} files
 * @param {string} [otherwise] a name where the wanted one is none
 * @returns {Promise<string>} the name that it got
 */
async function keepModel(wanted, files, otherwise = 'model') {
  const taken = (await listSavedModels()).map(({ name }) => name);
  // Google's tool calls every model "tm-my-image-model".
  const given = wanted === 'tm-my-image-model' ? otherwise : wanted;
  const name = goodName(given || otherwise, taken);
  await tryOut(name, files);
  await saveModel(name, files);
  return name;
}

/**
 * Lets a model answer once, as every page will: one that cannot run is not worth keeping.
 * @param {string} name
 * @param {Files} files
 */
async function tryOut(name, files) {
  try {
    (await imageClassifier({ name, files })).dispose();
  } catch (error) {
    const { what, expected, fix } = toPlain(error);
    if (fix) throw error;
    throw new PytrainError(
      `The model ${name} cannot run here: ${what}`,
      expected,
      'Export it again where it was made, or choose another file.',
    );
  }
}

/**
 * A name near to a given one that is allowed and free.
 * @param {string} text
 * @param {string[]} taken
 */
function goodName(text, taken) {
  const { name, suggestion } = className(text);
  const found = name ?? suggestion;
  return found === UNKNOWN && !taken.includes(UNKNOWN) ? UNKNOWN : freeName(found, taken);
}

/**
 * @param {Map<string, Entry>} entries
 * @param {string} prefix
 */
function inFolder(entries, prefix) {
  return new Map(
    [...entries].flatMap(([path, entry]) =>
      path.startsWith(prefix) ? [[path.slice(prefix.length), entry]] : [],
    ),
  );
}

/**
 * @param {Map<string, Entry>} entries
 * @returns {Promise<Files>}
 */
async function bytesOf(entries) {
  /** @type {Files} */
  const files = {};
  for (const [path, entry] of entries) {
    // Only what can be a bundle's file: nothing leaves the folder, nothing is hidden.
    if (/^[^./\\][^/\\]*(\/[^./\\][^/\\]*)*$/.test(path)) files[path] = await entry.read();
  }
  return files;
}

/**
 * @param {string} named
 * @param {Entry} entry
 * @returns {Promise<any>}
 */
async function jsonOf(named, entry) {
  const text = new TextDecoder().decode(await entry.read());
  try {
    return JSON.parse(text);
  } catch {
    throw new PytrainError(
      `${named}: ${entry.path} is damaged.`,
      'a JSON file',
      'Copy or download the file again.',
    );
  }
}

/**
 * Zips that were made of a folder have it around all their files.
 * @param {Entry[]} entries
 */
function withoutRoot(entries) {
  const [first] = entries;
  const root = first?.path.includes('/') ? first.path.slice(0, first.path.indexOf('/') + 1) : '';
  const deep = entries.every(({ path }) => path.startsWith(root) && path.slice(root.length).includes('/'));
  const known = entries.some(({ path }) =>
    ['project.json', 'metadata.json', 'manifest.json'].includes(path.slice(root.length)),
  );
  const around = root !== '' && entries.every(({ path }) => path.startsWith(root)) && (deep || known);
  return around ? entries.map((entry) => ({ ...entry, path: entry.path.slice(root.length) })) : entries;
}

class Writer {
  /** @type {Uint8Array<ArrayBuffer>[]} */
  #pieces = [];
  #size = 0;
  /** @type {Blob[]} */
  #parts = [];
  #done = 0;
  /** @type {Error | null} */
  #failed = null;

  /**
   * @param {number} total pictures
   * @param {Options} options
   */
  constructor(total, { onProgress = () => {}, signal }) {
    if (total > MOST_FILES) {
      throw new PytrainError(
        `The project has ${total.toLocaleString('en')} pictures.`,
        `at most ${MOST_FILES.toLocaleString('en')} in one zip`,
        'Save it to the server instead, or remove pictures that look alike.',
      );
    }
    this.total = total;
    this.onProgress = onProgress;
    this.signal = signal;
    this.zip = new Zip((error, piece) => {
      if (error) this.#failed = error;
      else this.#take(/** @type {Uint8Array<ArrayBuffer>} */ (piece));
    });
  }

  /**
   * @param {string} path
   * @param {Blob} blob a picture, which is packed already
   */
  async picture(path, blob) {
    this.signal?.throwIfAborted();
    await this.#add(new ZipPassThrough(path), blob);
    this.onProgress({ done: ++this.#done, total: this.total });
    // The page gets its turn.
    if (this.#done % 50 === 0) await new Promise((resolve) => setTimeout(resolve));
  }

  /**
   * @param {string} path
   * @param {Blob} blob
   */
  file(path, blob) {
    const packed = /\.(json|html|css|js|svg|txt)$/.test(path);
    return this.#add(packed ? new ZipDeflate(path, { level: 6 }) : new ZipPassThrough(path), blob);
  }

  /**
   * @param {string} path
   * @param {string} text
   */
  text(path, text) {
    return this.file(path, new Blob([text]));
  }

  /** @returns {Blob} */
  end() {
    this.zip.end();
    if (this.#failed) throw this.#failed;
    return new Blob([...this.#parts, ...this.#pieces], { type: 'application/zip' });
  }

  /**
   * @param {ZipPassThrough | ZipDeflate} file
   * @param {Blob} blob
   */
  async #add(file, blob) {
    this.zip.add(file);
    file.push(new Uint8Array(await blob.arrayBuffer()), true);
    if (this.#failed) throw this.#failed;
  }

  /** @param {Uint8Array<ArrayBuffer>} piece */
  #take(piece) {
    this.#pieces.push(piece);
    this.#size += piece.length;
    if (this.#size < PART) return;
    this.#parts.push(new Blob(this.#pieces));
    this.#pieces = [];
    this.#size = 0;
  }
}
