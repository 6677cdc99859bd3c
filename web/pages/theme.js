// Light or dark: what the system says, unless the person chose here. Runs before the page is drawn.

const KEY = 'pytrain.theme';
const dark = matchMedia('(prefers-color-scheme: dark)');

function stored() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function apply() {
  document.documentElement.dataset.theme = stored() ?? (dark.matches ? 'dark' : 'light');
}

function toggle() {
  const next = document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark';
  try {
    // Going back to what the system says is going back to following it.
    if (next === (dark.matches ? 'dark' : 'light')) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, next);
  } catch {
    // Where storage is forbidden the choice lasts until the page is left.
  }
  document.documentElement.dataset.theme = next;
}

apply();
dark.addEventListener('change', apply);
document.addEventListener('DOMContentLoaded', () => {
  document.getElementById('theme')?.addEventListener('click', toggle);
});
