// The headline says what to do next, in a few words.

import { byId } from '../dom.js';
import { camera, onCamera } from './camera-zone.js';
import { KEYS } from './hold-button.js';
import { newsFor } from './news.js';
import { inFrame, on, project, studio } from './studio.js';
import { canTrain } from './train-here.js';

/** Below so many pictures a class is not done yet. */
const ENOUGH = 10;

/** There is a keyboard, as far as can be told. */
const typing = matchMedia('(hover: hover)');

/** @returns {[string, string]} the headline, and the sentence below it */
function next() {
  const { classes } = project();
  const { here, python } = studio.trained;
  const shown = here ?? python;
  if (studio.learning) return ['It learns.', 'The pictures that it has not seen tell how well.'];
  if (studio.pythonLearns)
    return ['Python learns.', 'It says below how far it is, and answers again after that.'];
  const news = newsFor(project(), shown);
  if (shown && news && canTrain()) return ['Train it again.', news];
  if (shown) {
    return ['Hold something up.', 'Not quite right? Record more of what it mixes up, then train again.'];
  }
  const few = (/** @type {{id: string}} */ { id }) => project().images(id).length < ENOUGH;
  if (classes.length < 2) return ['Show it what is what.', 'Two classes at least: something to tell apart.'];
  const wanting = classes.find(few);
  if (!wanting) {
    return ['Now let it learn.', 'Train it here, in seconds. More classes and more pictures are welcome.'];
  }
  if (!camera.running && classes.every((one) => project().images(one.id).length === 0)) {
    return [
      'Show it what is what.',
      'Name two things, hold each of them up while you hold its button, then train.',
    ];
  }
  const number = classes.indexOf(wanting) + 1;
  const key = number <= KEYS && typing.matches ? `, or the key ${number},` : '';
  const name = /^Class \d+$/.test(wanting.name) ? 'Give it a name. ' : '';
  return [
    `Show it ${wanting.name}.`,
    `${name}Hold its button${key} and move, turn, come closer: 50 pictures do well.`,
  ];
}

function show() {
  if (!studio.project) return;
  const [headline, lead] = next();
  if (byId('headline').textContent !== headline) byId('headline').textContent = headline;
  if (byId('lead').textContent !== lead) byId('lead').textContent = lead;
}

const later = inFrame(show);
for (const event of /** @type {const} */ (['project', 'classes', 'trained', 'busy'])) on(event, later);
onCamera(later);
