"""What a page gets when it is published: the site's name, and what makes it installable."""

from __future__ import annotations

import html
import re

from pytrain.serve.policy import policy_of
from pytrain.serve.publish.icons import TOUCH
from pytrain.serve.publish.offline import MANIFEST, PAPER, WORKER

CHARSET = re.compile(r'<meta charset="utf-8" ?/?>')
"""Must stand first; all else follows it."""

TITLE = re.compile(r"<title>.*?</title>", re.DOTALL)
START = "index.html"

REGISTER = """\
<script>
      // Keeps the site for when there is no network; what this visit has loaded, too.
      if ('serviceWorker' in navigator) {{
        addEventListener('load', async () => {{
          await navigator.serviceWorker.register('{root}{worker}').catch(() => null);
          const {{ active }} = await navigator.serviceWorker.ready;
          const used = performance.getEntriesByType('resource').map(({{ name }}) => name);
          active?.postMessage({{ used }});
        }});
      }}
    </script>"""


def published_page(text: str, place: str, title: str) -> str:
    """A page of the site.

    Args:
        text: the page as it was built.
        place: its path within the site.
        title: what the site is called.
    """
    root = "../" * place.count("/") or "./"
    name = html.escape(title)
    light, dark = PAPER
    lines = [
        '<meta charset="utf-8" />',
        f'<meta http-equiv="Content-Security-Policy" content="{html.escape(policy_of(place))}" />',
        f'<link rel="manifest" href="{root}{MANIFEST}" />',
        f'<link rel="apple-touch-icon" href="{root}icons/{TOUCH}" />',
        f'<meta name="apple-mobile-web-app-title" content="{name}" />',
        f'<meta name="theme-color" content="{light}" media="(prefers-color-scheme: light)" />',
        f'<meta name="theme-color" content="{dark}" media="(prefers-color-scheme: dark)" />',
        REGISTER.format(root=root, worker=WORKER),
    ]
    text = CHARSET.sub(lambda _: "\n    ".join(lines), text, count=1)
    return TITLE.sub(lambda _: f"<title>{name}</title>", text, count=1) if place == START else text


def published_sketch(text: str, model: str) -> str:
    """A sketch that starts with a model of the site, where its address names none.

    Args:
        text: the sketch.
        model: the name of the model.
    """
    quoted = model.replace("\\", "\\\\").replace("'", "\\'")
    return text.replace("?? 'four-shapes'", f"?? '{quoted}'")
