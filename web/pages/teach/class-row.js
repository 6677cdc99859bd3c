// One class on the page: its button to record, name, colour, and pictures.

import { className } from '../../lib/studio/names.js';
import { COLOURS } from '../../lib/studio/project.js';
import { make } from '../dom.js';
import { showMessage } from '../message.js';
import { paint } from './colours.js';
import { addFiles, chosen, dropped, tellClosed } from './files.js';
import { Grid } from './grid.js';
import { holdButton } from './hold-button.js';
import { removeClass, removeImages } from './remove.js';
import { plural, project } from './studio.js';
import { OPENS } from './zips.js';

/** @typedef {import('../../lib/studio/project.js').Class} Class */

/** Told by their names, for those who choose without seeing. */
const COLOUR_NAMES = ['Orange', 'Blue', 'Green', 'Pink', 'Yellow', 'Sky', 'Brown', 'Violet', 'Olive', 'Red'];

/** More pictures than two rows hold can be seen at once. */
const WORTH_OPENING = 12;

export class ClassRow {
  /** @type {Class} */
  #class;

  /** @param {Class} one */
  constructor(one) {
    this.#class = one;
    const { id } = one;
    this.hold = holdButton(id);
    this.chip = make('span', { class: 'chip', 'aria-hidden': 'true' });
    this.name = make('input', { type: 'text', maxlength: '80', autocomplete: 'off', spellcheck: 'false' });
    this.count = make('span', { class: 'count' });
    this.problem = make('p', { class: 'problem class-problem', role: 'alert' });
    this.problem.hidden = true;
    this.adding = make('p', { class: 'notice', role: 'status' });
    this.adding.hidden = true;
    this.facts = make('span', { class: 'hint' });
    this.open = make('button', { type: 'button', class: 'text', 'aria-expanded': 'false' }, 'Show all');
    this.open.addEventListener('click', () => this.#toggle());
    this.pick = make('div', { class: 'pick', role: 'group', 'aria-label': 'Chosen pictures' });
    this.pick.hidden = true;
    this.empty = make('p', { class: 'empty' });
    this.box = make('div', { class: 'thumbnails', 'data-testid': 'thumbnails' });
    this.grid = new Grid(this.box, {
      load: (image) => project().blob(image),
      onChoose: (ids) => this.#showPick(ids.length),
      onRemove: (ids) => removeImages(ids, this.element),
    });
    this.menu = this.#menu();
    this.element = make(
      'li',
      { class: 'class', 'data-id': id, 'data-testid': 'class' },
      this.hold,
      make(
        'div',
        { class: 'class-body' },
        make('div', { class: 'class-top' }, this.chip, this.name, this.count, this.menu),
        this.problem,
        make('div', { class: 'class-tools' }, this.#chooser('Add pictures', {}), this.open, this.facts),
        this.adding,
      ),
      make('div', { class: 'class-pictures' }, this.empty, this.box, this.pick),
    );
    this.name.value = one.name;
    this.name.addEventListener('change', () => this.#rename());
    this.name.addEventListener('keydown', ({ key }) => {
      if (key === 'Enter') this.name.blur();
      if (key === 'Escape') this.#showName();
    });
    this.#takesDrops();
    this.#makePick();
  }

  get id() {
    return this.#class.id;
  }

  /**
   * @param {Class} one
   * @param {number} place
   */
  show(one, place) {
    // A name that is being put right stays, unless it was changed elsewhere.
    const named =
      one.name !== this.#class.name || (this.problem.hidden && document.activeElement !== this.name);
    this.#class = one;
    const images = project().images(one.id);
    const number = String(place + 1);
    paint(this.element, one.colour);
    this.hold.show(one, place);
    this.chip.textContent = number;
    if (named) this.#showName();
    this.name.setAttribute('aria-label', `Name of class ${number}`);
    this.name.dataset.testid = `class-name-${number}`;
    this.count.textContent = images.length.toLocaleString('en');
    this.count.title = plural(images.length, 'picture');
    const held = images.filter(({ heldOut }) => heldOut).length;
    this.facts.textContent = held ? `${held.toLocaleString('en')} for checking` : '';
    this.open.hidden = images.length <= WORTH_OPENING;
    this.empty.hidden = images.length > 0;
    this.empty.textContent = 'Hold the button, or drop pictures here.';
    this.box.hidden = images.length === 0;
    this.box.setAttribute('aria-label', `Pictures of ${one.name}, newest first`);
    this.grid.set([...images].reverse());
    for (const input of this.menu.querySelectorAll('input[type="radio"]')) {
      /** @type {HTMLInputElement} */ (input).checked =
        /** @type {HTMLInputElement} */ (input).value === one.colour;
    }
  }

  dispose() {
    this.grid.dispose();
    this.element.remove();
  }

  focusName() {
    this.name.focus();
    this.name.select();
  }

  #showName() {
    this.name.value = this.#class.name;
    this.#say(null);
  }

  async #rename() {
    const others = project().classes.filter(({ id }) => id !== this.id);
    const checked = className(
      this.name.value,
      others.map(({ name }) => name),
    );
    if (checked.name === undefined) {
      this.#say(checked);
      return;
    }
    this.#say(null);
    this.name.value = checked.name;
    const before = this.#class;
    if (checked.name === before.name) return;
    // Known at once: the news of it must not undo what is typed next.
    this.#class = { ...before, name: checked.name };
    try {
      await project().renameClass(this.id, checked.name);
    } catch (error) {
      this.#class = before;
      this.#showName();
      showMessage('classes', error);
    }
  }

  /** @param {{problem: string, suggestion: string} | null} wrong */
  #say(wrong) {
    this.problem.hidden = wrong === null;
    this.name.toggleAttribute('aria-invalid', wrong !== null);
    if (!wrong) return;
    this.name.setAttribute('aria-invalid', 'true');
    const use = make('button', { type: 'button', class: 'text' }, `Use ${wrong.suggestion}`);
    use.addEventListener('click', () => {
      this.name.value = wrong.suggestion;
      this.#rename();
    });
    this.problem.replaceChildren(wrong.problem, use);
  }

  #toggle() {
    const full = this.element.classList.toggle('full');
    this.open.setAttribute('aria-expanded', String(full));
    this.open.textContent = full ? 'Show fewer' : 'Show all';
  }

  /**
   * A button that opens the system's file chooser.
   * @param {string} text
   * @param {Record<string, string>} attributes of the input
   */
  #chooser(text, attributes) {
    const input = make('input', {
      type: 'file',
      class: 'file hidden',
      id: `${text.replaceAll(' ', '-')}-${this.id}`,
      multiple: '',
      accept: 'image/*',
      ...attributes,
    });
    const label = make('label', { class: 'text', for: input.id }, text);
    input.addEventListener('change', () => {
      const groups = chosen(/** @type {FileList} */ (input.files));
      input.value = ''; // the same files again are a change too
      this.#add(groups.flatMap(({ files }) => files));
    });
    return make('span', { class: 'chooser' }, input, label);
  }

  /** @param {File[]} files */
  #add(files) {
    return addFiles(this.id, files, this.adding);
  }

  #takesDrops() {
    let inside = 0;
    const over = () => this.element.classList.toggle('dropping', inside > 0);
    this.element.addEventListener('dragenter', () => {
      inside++;
      over();
    });
    this.element.addEventListener('dragleave', () => {
      inside--;
      over();
    });
    this.element.addEventListener('drop', async (event) => {
      event.preventDefault();
      inside = 0;
      over();
      if (!event.dataTransfer) return;
      // A project or a model is for the page.
      if ([...event.dataTransfer.files].some(({ name }) => OPENS.test(name))) return;
      event.stopPropagation();
      const { groups, closed } = await dropped(event.dataTransfer);
      await this.#add(groups.flatMap(({ files }) => files));
      tellClosed(closed);
    });
  }

  #makePick() {
    const button = (/** @type {string} */ text, /** @type {() => void} */ run, looks = 'text') => {
      const made = make('button', { type: 'button', class: looks }, text);
      made.addEventListener('click', run);
      return made;
    };
    this.picked = make('span', { role: 'status' });
    this.pick.append(
      this.picked,
      button('Delete', () => removeImages(this.grid.chosen, this.element)),
      button('All', () => this.grid.chooseAll()),
      button('None', () => this.grid.clear()),
    );
  }

  /** @param {number} count */
  #showPick(count) {
    this.pick.hidden = count === 0;
    if (this.picked) this.picked.textContent = count ? `${count.toLocaleString('en')} chosen` : '';
  }

  /** Colour, a folder, and away with it. */
  #menu() {
    const colours = make('fieldset', { class: 'colours' }, make('legend', {}, 'Colour'));
    for (const [at, colour] of COLOURS.entries()) {
      const input = make('input', {
        type: 'radio',
        name: `colour-${this.id}`,
        value: colour,
        'aria-label': COLOUR_NAMES[at] ?? colour,
      });
      input.addEventListener('change', async () => {
        try {
          await project().recolour(this.id, colour);
        } catch (error) {
          showMessage('classes', error);
        }
      });
      const label = make('label', { title: COLOUR_NAMES[at] ?? colour }, input);
      paint(label, colour);
      colours.append(label);
    }
    const away = make('button', { type: 'button', class: 'text' }, 'Remove this class');
    away.addEventListener('click', () => removeClass(this.#class));
    const summary = make('summary', { 'aria-label': 'More for this class' }, '•••');
    const menu = make(
      'details',
      { class: 'menu' },
      summary,
      make(
        'div',
        { class: 'menu-body' },
        colours,
        this.#chooser('Add a folder', { webkitdirectory: '' }),
        away,
      ),
    );
    menu.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || !menu.open) return;
      menu.open = false;
      summary.focus();
      event.stopPropagation();
    });
    menu.addEventListener('focusout', ({ relatedTarget }) => {
      if (relatedTarget instanceof Node && !menu.contains(relatedTarget)) menu.open = false;
    });
    document.addEventListener('pointerdown', ({ target }) => {
      if (!menu.contains(/** @type {Node} */ (target))) menu.open = false;
    });
    return menu;
  }
}
