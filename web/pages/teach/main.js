// The page Teach: record or drop pictures, train here or in Python, try it, keep it.

import '../message.js';
import './classes.js';
import './headline.js';
import './keys.js';
import './preview.js';
import './extractor.js';
import './train-here.js';
import './train-python.js';
import './compare.js';
import './keep.js';
import './zips.js';
import './drop.js';
import { showMessage } from '../message.js';
import { openLast } from './projects.js';

try {
  await openLast();
} catch (error) {
  const all = document.querySelectorAll('.project :is(button, input), #studio :is(button, input, select)');
  for (const one of all) /** @type {HTMLButtonElement} */ (one).disabled = true;
  showMessage('storage', error, { label: 'Try again', run: () => location.reload() });
}
