// The filters of the first layer, each beside the map that it makes of the picture now.

import { byId, make } from '../dom.js';
import { network } from './network.js';
import { channelOf, paint, paintFilter, rangeOf } from './paint.js';

const list = byId('filters');
const says = byId('filters-say');
const WORDS = String(says.textContent);

export function showFilters() {
  const { filters } = network;
  if (!filters) {
    says.textContent = network.classifier
      ? 'This network has no filters: it weighs every pixel of the picture by itself.'
      : WORDS;
    list.replaceChildren();
    return;
  }
  const { name, height, width } = filters;
  says.textContent = `${WORDS} The layer ${name} has ${filters.filters} of them, ${height} x ${width} pixels each. Bright and coloured: wants that there. Dark: wants the opposite. Grey: does not matter.`;
  list.replaceChildren(
    ...Array.from({ length: filters.filters }, (_, at) => {
      const pattern = make('canvas', { class: 'pattern', role: 'img', 'aria-label': `Filter ${at + 1}` });
      paintFilter(pattern, filters, at);
      const map = make('canvas', { width: '1', height: '1', 'aria-hidden': 'true' });
      return make('li', {}, pattern, map);
    }),
  );
}

/** @param {import('../../lib/inside.js').Maps | undefined} maps of the layer whose filters are shown */
export function showFound(maps) {
  if (!maps || maps.channels !== list.children.length) return;
  for (const [at, item] of [...list.children].entries()) {
    const map = channelOf(maps, at);
    paint(/** @type {HTMLCanvasElement} */ (item.lastChild), map, rangeOf(map.values));
  }
}
