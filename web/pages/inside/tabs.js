// A row of tabs, and any other row of buttons of which one is reached by Tab and the rest by arrow keys.

/**
 * @param {HTMLElement} list role=tablist; its buttons have data-tab
 * @param {(name: string) => void} onChoose
 */
export function startTabs(list, onChoose) {
  const tabs = /** @type {HTMLElement[]} */ ([...list.querySelectorAll('[role="tab"]')]);
  arrows(list, (tab) => tab.click());
  for (const tab of tabs) {
    tab.addEventListener('click', () => {
      for (const one of tabs) {
        one.setAttribute('aria-selected', String(one === tab));
        one.tabIndex = one === tab ? 0 : -1;
      }
      onChoose(String(tab.dataset.tab));
    });
  }
}

/**
 * Arrow keys, Home and End go from button to button.
 * @param {HTMLElement} row
 * @param {(button: HTMLElement) => void} [onMove]
 */
export function arrows(row, onMove = () => {}) {
  row.addEventListener('keydown', (event) => {
    const buttons = /** @type {HTMLElement[]} */ ([...row.querySelectorAll('button')]);
    const at = buttons.indexOf(/** @type {HTMLElement} */ (event.target));
    const to = target(event.key, at, buttons);
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    const next = buttons[Math.min(buttons.length - 1, Math.max(0, to))];
    for (const button of buttons) button.tabIndex = button === next ? 0 : -1;
    next.focus();
    onMove(next);
  });
}

/**
 * @param {string} key
 * @param {number} at
 * @param {HTMLElement[]} buttons in rows, as they are laid out
 */
function target(key, at, buttons) {
  const top = (/** @type {number} */ index) => buttons[index].offsetTop;
  const across = buttons.filter((_, index) => top(index) === top(0)).length;
  /** @type {Record<string, number>} */
  const to = {
    ArrowRight: at + 1,
    ArrowLeft: at - 1,
    ArrowDown: at + (across < buttons.length ? across : 1),
    ArrowUp: at - (across < buttons.length ? across : 1),
    Home: 0,
    End: buttons.length - 1,
  };
  return to[key];
}
