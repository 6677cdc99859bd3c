// The page Take away: for the chosen model, code for every way to use it, and how to publish it.

import { formatsOf } from '../../lib/contract.js';
import { PytrainError } from '../../lib/errors.js';
import { openSavedModel } from '../../lib/studio/saved-models.js';
import { saveBundle } from '../../lib/studio/zip.js';
import { base } from '../../lib/version.js';
import { byId, copies, make } from '../dom.js';
import { everyModel, fillModels, IN_BROWSER } from '../every-model.js';
import { arrows } from '../inside/tabs.js';
import { clearMessage, showMessage } from '../message.js';
import { asked, keepInAddress } from '../models.js';
import { save } from '../save.js';
import { publishCommand, WAYS } from './snippets.js';

/** @typedef {import('./snippets.js').Target} Target */
/** @typedef {import('./snippets.js').Way} Way */

const select = byId('models', HTMLSelectElement);
const list = byId('ways');
const code = byId('code');

/** @type {Target | null} */
let target = null;

/** The ways that this model can be used in. @type {Way[]} */
let ways = [];

/** @type {Way} */
let chosen = WAYS.find(({ id }) => location.hash === `#${id}`) ?? WAYS[0];

/** @param {string} address */
async function use(address) {
  clearMessage('model');
  const own = address.startsWith(IN_BROWSER);
  const name = own ? address.slice(IN_BROWSER.length) : address;
  try {
    const metadata = await (own ? ofBrowser(name) : ofSite(name));
    if (select.value !== address) return;
    const { layers } = formatsOf(metadata);
    const keras = Boolean(metadata.pytrain.versions?.keras);
    target = { name, own, root: base, labels: metadata.labels };
    ways = WAYS.filter((way) => (layers || !way.layers) && (keras || !way.keras));
    showModel(target);
  } catch (error) {
    showMessage('model', error, { label: 'Try again', run: () => use(address) });
  }
}

/** @param {string} name @returns {Promise<import('../../lib/contract.js').Metadata>} */
async function ofSite(name) {
  const response = await fetch(new URL(`models/${encodeURIComponent(name)}/metadata.json`, base), {
    cache: 'no-cache',
  });
  if (response.ok) return response.json();
  throw new PytrainError(`There is no model '${name}'.`, null, 'Choose another one above.');
}

/** @param {string} name @returns {Promise<import('../../lib/contract.js').Metadata>} */
async function ofBrowser(name) {
  const { files } = await openSavedModel(name);
  return JSON.parse(await files['metadata.json'].text());
}

/** @param {Target} model */
function showModel({ name, own }) {
  byId('first').hidden = !own;
  byId('first-text').textContent =
    `This model is in this browser alone. Download it, and unpack it into a folder called ${name} beside your page.`;
  byId('download').textContent = `Download ${name}.zip`;
  const before = own ? `# First unpack the model into exported_models/${name}, then:\n` : '';
  byId('publish').textContent = before + publishCommand(name);
  const sketches = new URL('sketches/', base);
  sketches.searchParams.set('model', own ? IN_BROWSER + name : name);
  byId('sketches', HTMLAnchorElement).href = sketches.href;
  byId('from').textContent =
    `It loads from ${new URL(base).origin}, which has to be reachable then. Browsers give a camera to https pages and to localhost.`;
  if (!ways.includes(chosen)) [chosen] = ways;
  list.replaceChildren(
    ...ways.map((way) => {
      const tab = make(
        'button',
        { type: 'button', role: 'tab', id: `way-${way.id}`, 'aria-controls': 'panel' },
        make('strong', {}, way.title),
        make('span', {}, way.lead),
      );
      tab.dataset.testid = `way-${way.id}`;
      tab.addEventListener('click', () => choose(way));
      return tab;
    }),
  );
  choose(chosen);
}

/** @param {Way} way */
function choose(way) {
  if (!target) return;
  chosen = way;
  for (const tab of /** @type {Iterable<HTMLElement>} */ (list.children)) {
    const own = tab.id === `way-${way.id}`;
    tab.setAttribute('aria-selected', String(own));
    tab.tabIndex = own ? 0 : -1;
  }
  byId('panel').setAttribute('aria-labelledby', `way-${way.id}`);
  byId('needs').textContent = `Needs ${way.needs}`;
  byId('copy').textContent = `Copy ${way.file}`;
  byId('save').textContent = `Save as ${way.file}`;
  code.textContent = way.code(target);
  byId('from').hidden = way.keras;
  history.replaceState(null, '', `#${way.id}`);
}

async function download() {
  if (!target) return;
  try {
    const { files } = await openSavedModel(target.name);
    save(await saveBundle(files), `${target.name}.zip`);
  } catch (error) {
    showMessage('model', error);
  }
}

select.addEventListener('change', () => {
  keepInAddress({ model: select.value });
  use(select.value);
});
byId('download').addEventListener('click', download);
byId('save').addEventListener('click', () => save(new Blob([String(code.textContent)]), chosen.file));
copies(byId('copy'), () => code.textContent);
copies(byId('copy-publish'), () => byId('publish').textContent);
arrows(list, (tab) => tab.click());

try {
  const shown = fillModels(select, await everyModel(), asked().model);
  if (shown) await use(shown);
  else
    showMessage(
      'model',
      new PytrainError('There is no model yet.', null, 'Teach one, or train one with: pytrain train'),
    );
} catch (error) {
  showMessage('model', error, { label: 'Try again', run: () => location.reload() });
}
