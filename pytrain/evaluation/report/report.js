// What a report does: cells open the pictures behind them; served by pytrain, labels can be put right.
(() => {
  /** @typedef {[name: string, truth: string, answer: string, best: string, confidence: number]} Row */
  /** @typedef {{label?: string, removed?: boolean}} Change */

  const source = /** @type {HTMLElement} */ (document.getElementById('report-data')).textContent ?? '';
  /** @type {{labels: string[], pictures: Record<string, Row>, cells: Record<string, [number, ...string[]]>}} */
  const data = JSON.parse(source);
  const UNKNOWN = 'unknown';

  /**
   * @template {keyof HTMLElementTagNameMap} Tag
   * @param {Tag} tag
   * @param {Record<string, string>} attributes
   * @param {(Node | string)[]} inside
   */
  function make(tag, attributes = {}, ...inside) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...inside);
    return element;
  }

  /** @param {number} column */
  const nameOf = (column) => (column < 0 ? UNKNOWN : data.labels[column]);

  // The pictures behind a cell

  const heading = make('h2', { id: 'dialog-title' });
  const note = make('p', { class: 'note' });
  const gallery = make('div', { class: 'gallery' });
  const shut = make('button', { type: 'button', class: 'close', 'aria-label': 'Close' }, '✕');
  const dialog = make('dialog', { class: 'sheet', 'aria-labelledby': 'dialog-title' });
  dialog.append(make('header', {}, heading, shut), note, gallery);
  document.body.append(dialog);
  shut.addEventListener('click', () => dialog.close());
  // A click beside the sheet falls on the dialog itself.
  dialog.addEventListener('click', (event) => event.target === dialog && dialog.close());

  /** @param {string} id */
  function figureOf(id) {
    const [name, truth, answer, best, confidence] = data.pictures[id];
    const right = truth === answer;
    const caption = make('figcaption');
    const mark = make('span', { class: 'mark', 'aria-hidden': 'true' }, right ? '✓' : '✗');
    const guess = answer === UNKNOWN ? ` (${best}?) ` : ' ';
    const sure = make('span', { class: 'sure' }, `${Math.round(confidence * 100)} %`);
    caption.append(mark, ' ', make('b', {}, answer), guess, sure);
    if (!right) caption.append(make('br'), `is ${truth}`);
    const image = make('img', {
      src: `images/${id}.jpg`,
      alt: `${name}, called ${answer}`,
      title: name,
      width: '144',
      height: '144',
      loading: 'lazy',
    });
    const figure = make('figure', { class: `picture ${right ? 'right' : 'wrong'}`, 'data-id': id });
    figure.append(image, caption);
    editor?.attach(figure);
    return figure;
  }

  /**
   * @param {string} title
   * @param {string[]} ids
   * @param {number} total
   */
  function open(title, ids, total) {
    heading.textContent = title;
    const all = ids.length === total;
    note.textContent = all ? '' : `${ids.length} of ${total} are in this report.`;
    gallery.replaceChildren(...ids.map(figureOf));
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
  }

  /** @param {string} key */
  function openCell(key) {
    const cell = data.cells[key];
    if (!cell) return;
    const [row, column] = key.split(',').map(Number);
    const [total, ...ids] = cell;
    const said =
      row === column ? `${nameOf(row)}, answered rightly` : `${nameOf(row)} called ${nameOf(column)}`;
    open(`${said}: ${total}`, ids, total);
  }

  /** @param {number} row */
  function openClass(row) {
    const cells = Object.entries(data.cells).filter(([key]) => Number(key.split(',')[0]) === row);
    const wrongFirst = cells.sort(([key]) => (key === `${row},${row}` ? 1 : -1));
    const total = cells.reduce((sum, [, cell]) => sum + cell[0], 0);
    const ids = wrongFirst.flatMap(([, [, ...shown]]) => shown);
    open(`${nameOf(row)}: ${total} pictures`, ids, total);
  }

  document.addEventListener('click', (event) => {
    const button = event.target instanceof Element ? event.target.closest('button') : null;
    if (button?.dataset.cell) openCell(button.dataset.cell);
    if (button?.dataset.row) openClass(Number(button.dataset.row));
  });

  const heat = /** @type {HTMLImageElement | null} */ (document.querySelector('.heat img'));
  const told = document.querySelector('.heat output');
  /** @param {MouseEvent} event */
  const cellAt = (event) => {
    const classes = data.labels.length;
    const box = /** @type {HTMLImageElement} */ (heat).getBoundingClientRect();
    const row = Math.min(classes - 1, Math.floor(((event.clientY - box.top) / box.height) * classes));
    const column = Math.floor(((event.clientX - box.left) / box.width) * (classes + 1));
    return [Math.max(0, row), column >= classes ? -1 : Math.max(0, column)];
  };
  heat?.addEventListener('mousemove', (event) => {
    const [row, column] = cellAt(event);
    const count = data.cells[`${row},${column}`]?.[0] ?? 0;
    if (told) told.textContent = `${nameOf(row)} called ${nameOf(column)}: ${count}`;
  });
  heat?.addEventListener('click', (event) => openCell(cellAt(event).join(',')));

  // Putting labels right: only where pytrain serves the page

  /** The path of a report on the server: whatever lies before it is kept, for a server may stand below one. */
  const place = /^(.*)\/models\/([^/]+)\/report\//.exec(location.pathname);

  /** @type {Editor | null} */
  let editor = null;

  class Editor {
    /** @type {Record<string, Change>} */ changes = {};
    /** @type {string[]} */ labels = [];

    /**
     * @param {string} root
     * @param {string} model
     * @param {string} token
     */
    constructor(root, model, token) {
      this.root = root;
      this.model = model;
      this.token = token;
      this.bar = make('aside', { class: 'bar-below', 'aria-label': 'Changes', hidden: '' });
      document.body.append(this.bar);
    }

    /**
     * @param {string} path
     * @param {string} method
     * @param {object} [body]
     */
    async call(path, method = 'GET', body = undefined) {
      const headers = { 'X-Pytrain-Token': this.token, 'Content-Type': 'application/json' };
      const answer = await fetch(`${this.root}/api/${path}`, { method, headers, body: JSON.stringify(body) });
      const content = await answer.json();
      if (!answer.ok) throw new Error([content.error.what, content.error.fix].filter(Boolean).join(' '));
      return content;
    }

    async start() {
      const state = await this.call(`models/${this.model}/pictures`);
      if (state.problem) return;
      this.labels = state.labels;
      this.changes = state.changes;
      editor = this;
      document.body.classList.add('editable');
      for (const figure of document.querySelectorAll('figure.picture')) {
        this.attach(/** @type {HTMLElement} */ (figure));
      }
      this.showChanges();
      if (state.job) this.follow(state.job);
    }

    /** @param {HTMLElement} figure */
    attach(figure) {
      const id = figure.dataset.id ?? '';
      // Generated pictures are no files of the data set.
      if (!(id in data.pictures) || id.startsWith('generated-')) return;
      const controls = make('div', { class: 'fix' });
      figure.append(controls);
      this.fill(figure, controls, id);
    }

    /**
     * @param {HTMLElement} figure
     * @param {HTMLElement} controls
     * @param {string} id
     */
    fill(figure, controls, id) {
      const change = this.changes[id];
      figure.classList.toggle('changed', Boolean(change));
      if (change) {
        const undo = make('button', { type: 'button' }, 'Undo');
        undo.addEventListener('click', () => this.change(id, { undo: true }, controls));
        const done = change.removed ? 'Removed' : `Now ${change.label}`;
        controls.replaceChildren(make('b', {}, done), ' ', undo);
        return;
      }
      const suggested = figure.dataset.suggested;
      const ask = make('button', { type: 'button' }, suggested ? 'Something else' : 'Wrong label?');
      ask.addEventListener('click', () => this.ask(controls, id));
      if (suggested) {
        const move = make('button', { type: 'button', class: 'strong' }, `It is ${suggested}`);
        move.addEventListener('click', () => this.change(id, { label: suggested }, controls));
        controls.replaceChildren(move, ask);
      } else controls.replaceChildren(ask);
    }

    /**
     * @param {HTMLElement} controls
     * @param {string} id
     */
    ask(controls, id) {
      const [name, truth] = data.pictures[id];
      const choice = make('select', { 'aria-label': `What ${name} is` }, new Option('It is …', ''));
      for (const label of this.labels) if (label !== truth) choice.add(new Option(label, `=${label}`));
      choice.add(new Option('— remove it —', 'remove'));
      choice.addEventListener('change', () => {
        const change = choice.value === 'remove' ? { removed: true } : { label: choice.value.slice(1) };
        this.change(id, change, controls);
      });
      controls.replaceChildren(choice);
      choice.focus();
    }

    /**
     * @param {string} id
     * @param {object} change
     * @param {HTMLElement} controls
     */
    async change(id, change, controls) {
      try {
        const state = await this.call(`models/${this.model}/pictures/${id}`, 'POST', change);
        this.changes = state.changes;
        for (const figure of document.querySelectorAll('figure.picture')) {
          const shown = /** @type {HTMLElement} */ (figure);
          const place = /** @type {HTMLElement | null} */ (shown.querySelector('.fix'));
          if (shown.dataset.id === id && place) this.fill(shown, place, id);
        }
        controls.querySelector('button')?.focus();
        this.showChanges();
      } catch (error) {
        controls.replaceChildren(make('span', { role: 'alert', class: 'problem' }, String(error)));
      }
    }

    showChanges() {
      const count = Object.keys(this.changes).length;
      this.bar.hidden = count === 0;
      const train = make('button', { type: 'button', class: 'strong' }, 'Train again');
      train.addEventListener('click', () => this.train());
      const said = `${count} ${count === 1 ? 'change' : 'changes'}`;
      this.bar.replaceChildren(make('p', { role: 'status' }, said), train);
    }

    async train() {
      try {
        this.follow((await this.call(`models/${this.model}/retrain`, 'POST')).job);
      } catch (error) {
        this.fail(String(error), []);
      }
    }

    /** @param {{id: string}} started */
    async follow(started) {
      const said = make('p', { role: 'status' }, 'Training …');
      const line = make('p', { class: 'line' });
      const progress = make('progress', { max: '1', 'aria-label': 'Training' });
      const stop = make('button', { type: 'button' }, 'Stop');
      stop.addEventListener('click', () => this.call(`jobs/${started.id}`, 'DELETE').catch(() => {}));
      this.bar.hidden = false;
      this.bar.replaceChildren(said, progress, stop, line);
      for (;;) {
        let job;
        try {
          job = await this.call(`jobs/${started.id}`);
        } catch (error) {
          this.fail(`The server does not answer. ${error}`, []);
          return;
        }
        line.textContent = job.lines.at(-1) ?? '';
        if (job.progress !== null) progress.value = job.progress;
        if (job.state === 'done') {
          said.textContent = 'Done. Here comes the new report.';
          location.reload();
          return;
        }
        if (job.state === 'cancelled') {
          this.showChanges();
          return;
        }
        if (job.state === 'failed') {
          this.fail('The training failed; the model is as it was.', job.lines);
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, 700));
      }
    }

    /**
     * @param {string} what
     * @param {string[]} lines
     */
    fail(what, lines) {
      this.showChanges();
      this.bar.hidden = false;
      this.bar.prepend(make('p', { role: 'alert', class: 'problem' }, what));
      if (lines.length) {
        const log = make('details', {}, make('summary', {}, 'What it said'));
        log.append(make('pre', {}, lines.slice(-40).join('\n')));
        this.bar.append(log);
      }
    }
  }

  async function edit() {
    if (!place || !location.protocol.startsWith('http')) return;
    // A published site has the list, too, and says there that nothing more answers.
    const { api } = await (await fetch(`${place[1]}/models.json`)).json();
    if (!api) return;
    const answer = await fetch(`${place[1]}/api/session`);
    if (!answer.ok) return;
    const { token } = await answer.json();
    await new Editor(place[1], place[2], token).start();
  }
  // A page that some other server hosts is only read.
  edit().catch(() => {});
})();
