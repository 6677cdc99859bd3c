// The gallery of sketches: whichever model is chosen, the sketches open with it.

import { byId } from './dom.js';
import { everyModel, fillModels, IN_BROWSER } from './every-model.js';
import { showMessage } from './message.js';
import { asked, keepInAddress } from './models.js';

const select = byId('models', HTMLSelectElement);
const links = /** @type {HTMLAnchorElement[]} */ ([...document.querySelectorAll('.gallery a')]);

/** @param {string} model */
function use(model) {
  for (const link of links) {
    // Other libraries open addresses only, which a model of this browser does not have.
    if (model.startsWith(IN_BROWSER) && link.closest('.small')) continue;
    const url = new URL(link.href);
    url.searchParams.set('model', model);
    link.href = url.href;
  }
}

select.addEventListener('change', () => {
  keepInAddress({ model: select.value });
  use(select.value);
});
try {
  const shown = fillModels(select, await everyModel(), asked().model);
  if (shown) use(shown);
} catch (error) {
  showMessage('models', error);
}
