"""Pictures, trainings and models go from the browser to a real server, which may be gone for a while."""

from __future__ import annotations

import base64
import io
import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from live import SECONDS
from photographs import CAT, COFFEE, tiles
from PIL import Image
from playwright.sync_api import Browser, Page, Route
from studio_page import Files, open_studio, page_of, run, source_of

MODULES = ("names", "pictures", "saved-models", "project", "server", "uploads", "zip")

HELPERS = """
  window.blobOf = async (content) => (await fetch(`data:;base64,${content}`)).blob();
  window.record = async (project, label, list, recording = 'r') => {
    const { id } = project.classes.find(({ name }) => name === label) ?? await project.addClass(label);
    const blobs = await Promise.all(list.map(blobOf));
    return project.addImages(id, blobs.map((blob) => ({ blob, recording })));
  };
  void 0;
"""


class Own:
    """pytrain serve on a port of its own, which can be stopped and started anew."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "pytrain", "serve", "--port", str(self.port)]
        self.process = subprocess.Popen(
            command, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert re.search(rf"http://\S+:{self.port}", line), line + self.process.stdout.read()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=SECONDS)
        if self.process.stdout is not None:
            self.process.stdout.close()

    def pictures(self, dataset: str) -> dict[str, list[str]]:
        """Ids by their folder, the hidden ones of the data set included."""
        root = self.folder / "datasets" / dataset
        found: dict[str, list[str]] = {}
        for path in sorted(root.rglob("*.jpg")):
            found.setdefault(path.parent.relative_to(root).as_posix(), []).append(path.stem)
        return found


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Own]:
    started = Own(tmp_path)
    yield started
    started.stop()


@pytest.fixture
def page(plain_browser: Browser, own: Own) -> Iterator[Page]:
    """A tab on the server's own origin; the modules come from the sources."""
    context = plain_browser.new_context()
    tab = context.new_page()
    tab.set_default_timeout(SECONDS * 1000)

    def answer(route: Route) -> None:
        path = route.request.url.removeprefix(own.url).split("?")[0]
        if path.startswith(("/source/lib/api/", "/source/lib/models.json")):
            # The modules look for the server beside themselves.
            route.continue_(url=route.request.url.replace("/source/lib/", "/"))
            return
        file = source_of(path)
        kind = "text/javascript" if file.suffix == ".js" else None
        route.fulfill(body=file.read_bytes(), content_type=kind)

    context.route(f"{own.url}/source/**", answer)
    context.route(f"{own.url}/modules/**", answer)
    html = page_of(MODULES)
    context.route(f"{own.url}/studio", lambda route: route.fulfill(body=html, content_type="text/html"))
    tab.goto(f"{own.url}/studio")
    tab.wait_for_function("() => window.ready")
    tab.evaluate(HELPERS)
    yield tab
    context.close()


def pictures(photograph: str, count: int) -> list[str]:
    found = []
    for tile in tiles(photograph, count):
        data = io.BytesIO()
        Image.fromarray(tile).save(data, "PNG")
        found.append(base64.b64encode(data.getvalue()).decode())
    return found


BEGIN = """
  const project = window.project = await studio.openProject('gestures 右');
  window.states = [];
  window.uploads = studio.keepUploaded(project, (state) => window.states.push(state));
"""


def test_the_server_has_what_the_project_has_wherever_it_moves(page: Page, own: Own) -> None:
    assert run(page, "return (await studio.connected()).token.length > 10") is True
    run(page, BEGIN)
    cats = run(page, "return record(window.project, 'cat', given)", pictures(CAT, 10))
    cups = run(page, "return record(window.project, 'cup', given)", pictures(COFFEE, 5))
    run(page, "await window.uploads.settled()")
    assert own.pictures("gestures 右") == {
        "cat": cats[:8],
        "cup": cups[:4],
        ".held-out/cat": cats[8:],
        ".held-out/cup": cups[4:],
    }
    # Somebody else's picture, which is no business of ours.
    foreign = own.folder / "datasets" / "gestures 右" / "cat" / "mine.jpg"
    foreign.write_bytes((own.folder / "datasets" / "gestures 右" / "cat" / f"{cats[0]}.jpg").read_bytes())
    run(
        page,
        """
        const [cat, cup] = window.project.classes;
        await window.project.remove([given[0], given[9]]);
        await window.project.renameClass(cup.id, 'mug');
        await window.uploads.settled();
        """,
        cats,
    )
    found = own.pictures("gestures 右")
    assert found["cat"] == sorted([*cats[1:8], "mine"])
    assert found[".held-out/cat"] == [cats[8]]
    assert found["mug"] == cups[:4]
    assert found[".held-out/mug"] == cups[4:]
    assert "cup" not in found
    run(page, "await window.project.undo(); await window.uploads.settled()")
    assert own.pictures("gestures 右")["cat"] == sorted([*cats[:8], "mine"])
    assert run(page, "return window.states.at(-1)") == {"phase": "sent", "left": 0, "total": 15}


def test_while_the_server_is_gone_pictures_wait_and_none_is_lost(page: Page, own: Own) -> None:
    run(page, BEGIN)
    first = run(page, "return record(window.project, 'cat', given)", pictures(CAT, 5))
    run(page, "await window.uploads.settled()")
    own.stop()
    second = run(page, "return record(window.project, 'cat', given, 'second')", pictures(COFFEE, 10))
    page.wait_for_function("() => window.states.at(-1).phase === 'waiting'")
    waiting = run(page, "const { error, ...state } = window.states.at(-1); return [state, error.fix]")
    assert waiting[0] == {"phase": "waiting", "left": 10, "total": 15}
    assert "pytrain serve" in waiting[1]
    # A reload in between changes nothing.
    own.start()
    page.reload()
    page.wait_for_function("() => window.ready")
    page.evaluate(HELPERS)
    run(page, BEGIN)
    page.wait_for_function("() => window.states.at(-1)?.phase === 'sent'")
    assert sum(map(len, own.pictures("gestures 右").values())) == 15
    run(page, "await window.uploads.settled()")
    found = own.pictures("gestures 右")
    assert found["cat"] == [*first[:4], *second[:8]]
    # Nor does a server that starts anew, with another token, while the page stays.
    own.stop()
    third = run(page, "return record(window.project, 'cup', given)", pictures(COFFEE, 3))
    page.wait_for_function("() => window.states.at(-1).phase === 'waiting'")
    own.start()
    run(page, "await window.uploads.settled()")
    assert own.pictures("gestures 右")["cup"] == third


def test_what_the_server_refuses_is_said(page: Page, own: Own) -> None:
    (own.folder / "datasets" / "gestures 右" / "Cat").mkdir(parents=True)
    run(page, BEGIN)
    run(page, "await record(window.project, 'cat', given)", pictures(CAT, 2))
    told = run(page, "return window.uploads.settled().then(() => '', (error) => error.message)")
    assert "Cat" in told
    assert run(page, "return window.states.at(-1).phase") == "refused"


def test_trainings_in_python_queue_tell_what_they_do_and_are_cancelled(page: Page, own: Own) -> None:
    """One that goes to its end is in test_studio_story.py."""
    page.set_default_timeout(120_000)
    run(page, BEGIN)
    run(page, "await record(window.project, 'cat', given)", pictures(CAT, 10))
    run(page, "await record(window.project, 'cup', given)", pictures(COFFEE, 10))
    told = run(
        page,
        """
        await window.uploads.settled();
        const job = await studio.startTraining(window.project.name, { name: 'hands', fineTune: 'never' });
        const other = await studio.startTraining(window.project.name, { name: 'other' });
        const lines = [];
        const states = [];
        const waiting = studio.followJob(other.id);
        await studio.cancelJob(other.id);
        const ended = await studio.followJob(job.id, {
          onLine: (line) => {
            if (lines.push(line) === 1) studio.cancelJob(job.id);
          },
          onJob: ({ state }) => states.push(state),
        });
        const list = await (await fetch(new URL('/models.json', location.href))).json();
        return { ended: ended.state, lines, states: [...new Set(states)], waiting: (await waiting).state,
          models: list.models.map(({ name }) => name), jobs: (await studio.listJobs()).length };
        """,
    )
    assert told["ended"] == told["waiting"] == "cancelled"
    assert told["states"][-2:] == ["running", "cancelled"]
    assert told["lines"]
    assert not {"hands", "other"} & set(told["models"])
    assert told["jobs"] == 2
    assert list(own.folder.glob("exported_models/[!.]*")) == []


def test_a_model_is_kept_on_the_server(page: Page, own: Own, exported_bundle: Path) -> None:
    contents = {
        file.relative_to(exported_bundle).as_posix(): base64.b64encode(file.read_bytes()).decode()
        for file in exported_bundle.rglob("*")
        if file.is_file() and file.suffix != ".keras"
    }
    told = run(
        page,
        """
        const files = {};
        for (const [name, content] of Object.entries(given)) files[name] = await blobOf(content);
        const { url } = await studio.saveToServer('my shapes', files);
        const again = await studio.saveToServer('my shapes', files).catch((error) => error.status);
        const replaced = await studio.saveToServer('my shapes', files, { replace: true });
        const { 'graph.json': _, ...rest } = files;
        const broken = await studio.saveToServer('broken', rest).catch((error) => error.message);
        return [url, again, replaced.url, broken];
        """,
        contents,
    )
    assert told[0] == told[2] == "models/my%20shapes/"
    assert told[1] == 409
    assert "graph.json" in told[3]
    assert (own.folder / "exported_models" / "my shapes" / "graph.json").is_file()
    assert not (own.folder / "exported_models" / "broken").exists()


def test_a_published_site_is_asked_nothing(plain_browser: Browser) -> None:
    files = Files()
    watched = open_studio(plain_browser, files, MODULES)
    asked: list[str] = []
    watched.page.on("request", lambda request: asked.append(request.url))
    listing = json.dumps({"api": False, "models": [], "problems": []})
    watched.page.route("**/models.json", lambda route: route.fulfill(body=listing))
    assert run(watched.page, "return studio.connected()") is None
    assert not any("/api/" in url for url in asked)
    watched.page.context.close()
    files.stop()
