// The page Teach: record or drop pictures, train here or in Python, try it, keep it.

import '../message.js';
import './classes.js';
import './headline.js';
import './keys.js';
import './preview.js';
import './drop.js';
import { showMessage } from '../message.js';
import { openLast } from './projects.js';

try {
  await openLast();
} catch (error) {
  document.body.classList.add('without-storage');
  showMessage('storage', error, { label: 'Try again', run: () => location.reload() });
}
