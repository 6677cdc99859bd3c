// Makes the HTML pages: fills what they share (web/parts) into them, and makes the gallery and a page for each sketch.

import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

/**
 * @typedef {{name: string, title: string, lead: string, tip: string, with: string, scripts: string[]}} Sketch
 *   tip: what to do in front of it; with: what it needs, in words; scripts: files of dist to load, in this order
 */

/** The pages of the studio: their folder, and what they are called. @type {Record<string, string>} */
const PLACES = {
  '': 'Play',
  teach: 'Teach',
  inside: 'Look inside',
  'take-away': 'Take away',
  sketches: 'Sketches',
};

/**
 * @param {string} web the folder of the sources
 * @returns {Promise<Record<string, string>>} pages by their path in dist
 */
export async function makePages(web) {
  /** @param {string} file */
  const read = (file) => readFile(join(web, file), 'utf8');
  /** @type {Record<string, string>} */
  const parts = {};
  for (const file of await readdir(join(web, 'parts'))) {
    parts[basename(file, '.html')] = (await read(join('parts', file))).trimEnd();
  }
  /** @type {Sketch[]} */
  const sketches = JSON.parse(await read('sketches/sketches.json'));
  const own = sketches.filter(({ scripts }) => scripts.every((file) => !/ml5|[/]tf|machine/.test(file)));
  const list = (/** @type {Sketch[]} */ some) => some.map(inGallery).join('\n        ');
  const gallery = list(own);
  const others = list(sketches.filter((sketch) => !own.includes(sketch)));
  /** @type {Record<string, string>} */
  const pages = {};
  for (const [folder, name] of Object.entries(PLACES)) {
    const file = join(folder, 'index.html');
    const root = folder ? '../' : './';
    pages[file] = fill(await read(file), { ...parts, root, gallery, others, pages: links(root, name) });
  }
  const template = await read('sketches/page.html');
  for (const sketch of sketches) {
    const root = '../../';
    const scripts = sketch.scripts.map((file) => `<script src="${root}${file}"></script>`).join('\n    ');
    const shared = { ...parts, root, pages: links(root) };
    const values = { ...shared, ...sketch, scripts, files: sketch.scripts.join(' ') };
    Object.assign(pages, { [`sketches/${sketch.name}/index.html`]: fill(template, values) });
  }
  return pages;
}

/**
 * The way from page to page, the same on all of them.
 * @param {string} root
 * @param {string} [here] the name of the page that this is
 */
function links(root, here) {
  return Object.entries(PLACES)
    .map(([folder, name]) => {
      const current = name === here ? ' aria-current="page"' : '';
      return `<a href="${root}${folder && `${folder}/`}"${current}>${name}</a>`;
    })
    .join('\n          ');
}

/** @param {Sketch} sketch */
function inGallery({ name, title, lead }) {
  return `<li>
          <a href="${name}/">
            <img src="${name}/picture.webp" width="640" height="640" alt="" loading="lazy" />
            <strong>${title}</strong>
            <span>${lead}</span>
          </a>
        </li>`;
}

/**
 * @param {string} text with {{name}} where a value belongs; values may hold further ones
 * @param {Record<string, string>} values
 * @returns {string}
 */
function fill(text, values) {
  return text.replace(/\{\{(\w+)\}\}/g, (_, name) => {
    if (!(name in values)) throw new Error(`A page asks for {{${name}}}, which nobody gives.`);
    return fill(values[name], values);
  });
}
