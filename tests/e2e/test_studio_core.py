"""What the studio keeps in the browser: projects and models, in two tabs, with a full disk and with none."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page
from studio_page import Files, load_studio, open_studio, run

from pytrain.dataset.four_shapes import draw_scene

# A picture of noise in a colour, as a blob; and one that is all of one colour.
DRAW = """
  window.draw = async (seed, width = 320, height = 320, type = 'image/jpeg') => {
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext('2d');
    context.fillStyle = `hsl(${(seed * 47) % 360} 70% ${20 + (seed * 13) % 60}%)`;
    context.fillRect(0, 0, width, height);
    for (let i = 0; i < 12; i++) {
      context.fillStyle = `hsl(${(seed * 91 + i * 30) % 360} 80% 50%)`;
      context.fillRect((seed * 37 + i * 53) % width, (seed * 59 + i * 31) % height, 40, 40);
    }
    return canvas.convertToBlob({ type });
  };
"""


@pytest.fixture(scope="module")
def files() -> Iterator[Files]:
    served = Files()
    yield served
    served.stop()


@pytest.fixture
def page(plain_browser: Browser, files: Files) -> Iterator[Page]:
    """A tab with the studio's modules and nothing kept yet."""
    watched = open_studio(plain_browser, files)
    watched.page.evaluate(DRAW)
    yield watched.page
    watched.page.context.close()
    assert watched.errors == []
    assert watched.foreign == []


def test_a_project_is_there_again_when_the_page_is(page: Page) -> None:
    made = run(
        page,
        """
        const project = await studio.openProject('Gesten');
        const up = await project.addClass('auf 👍');
        await project.addClass();
        await project.addImages(up.id, [
          { blob: await draw(1), recording: 'r1' }, { blob: await draw(2), recording: 'r1' }]);
        await project.recolour(up.id, '#123456');
        return project.images(up.id).map((image) => image.id);
        """,
    )
    page.reload()
    page.wait_for_function("() => window.ready")
    found = run(
        page,
        """
        const project = await studio.openProject('gesten');
        const [up] = project.classes;
        const images = project.images(up.id);
        const bitmap = await createImageBitmap(await project.blob(images[1].id));
        return { name: project.name, classes: project.classes, images, side: [bitmap.width, bitmap.height],
          listed: await studio.listProjects() };
        """,
    )
    assert found["name"] == "Gesten"
    assert [one["name"] for one in found["classes"]] == ["auf 👍", "Class 2"]
    assert found["classes"][0]["colour"] == "#123456"
    assert [image["id"] for image in found["images"]] == made
    assert [image["recording"] for image in found["images"]] == ["r1", "r1"]
    assert found["side"] == [320, 320]
    assert found["listed"][0]["images"] == 2


def test_what_was_removed_comes_back_in_the_order_it_went(page: Page) -> None:
    counts = run(
        page,
        """
        const project = await studio.openProject('undo');
        const a = await project.addClass('a');
        const b = await project.addClass('b');
        const ids = await project.addImages(a.id, await Promise.all(
          [1, 2, 3, 4, 5, 6].map(async (seed) => ({ blob: await draw(seed), recording: 'r' }))));
        const counts = [];
        const names = () => project.classes.map((one) => one.name).join();
        const count = () => counts.push([names(), project.counts().total]);
        await project.remove(ids.slice(0, 2)); count();
        await project.remove([ids[5]]); count();
        await project.removeClass(a.id); count();
        await project.addClass('A'); count();
        await project.undo(); count();
        await project.undo(); count();
        await project.undo(); count();
        const back = project.images(a.id).map((image) => image.id);
        counts.push(await project.undo(), back.join() === ids.join());
        return counts;
        """,
    )
    assert counts == [
        ["a,b", 4],
        ["a,b", 3],
        ["b", 0],
        ["b,A", 0],
        ["a 2,b,A", 3],
        ["a 2,b,A", 4],
        ["a 2,b,A", 6],
        None,
        True,
    ]


def test_the_end_of_each_recording_is_held_out_for_good(page: Page) -> None:
    first, later = run(
        page,
        """
        const project = await studio.openProject('held out');
        const a = await project.addClass('a');
        const shots = async (count, recording) => Promise.all(Array.from({ length: count },
          async (_, seed) => ({ blob: await draw(seed), recording })));
        await project.addImages(a.id, await shots(10, 'one'));
        await project.addImages(a.id, await shots(5, 'two'));
        const held = () => project.images(a.id).map((image) => Number(image.heldOut)).join('');
        const first = held();
        await project.settleHeldOut();
        const ids = project.images(a.id).map((image) => image.id);
        await project.remove([ids[8], ids[9]]);
        await project.addImages(a.id, await shots(4, 'three'));
        return [first, held()];
        """,
    )
    assert first == "000000001100001"
    # What was learned from does not become a judge when others go.
    assert later == "00000000" + "00001" + "0000"


def test_two_tabs_teach_one_project_and_nothing_is_lost(page: Page, files: Files) -> None:
    other = page.context.new_page()
    load_studio(other, files)
    other.evaluate(DRAW)
    begin = "const project = window.project = await studio.openProject('both');"
    run(page, begin + "await project.addClass('a');")
    run(other, begin)
    teach = """
      const project = window.project;
      const [a] = project.classes;
      await project.addClass(given);
      for (let i = 0; i < 15; i++) await project.addImages(a.id, [{ blob: await draw(i), recording: given }]);
    """
    # Both at the same time: neither waits for the other.
    for tab, name in ((page, "b"), (other, "c")):
        tab.evaluate(
            f"(given) => {{ const studio = window.studio; window.done = (async () => {{{teach}}})(); }}", name
        )
    for tab in (page, other):
        tab.evaluate("() => window.done")
    for tab in (page, other):
        tab.wait_for_function("() => window.project.counts().total === 30")
        names = tab.evaluate("() => window.project.classes.map((one) => one.name).sort().join()")
        assert names == "a,b,c"
    problem = run(other, "try { await window.project.addClass('B') } catch (error) { return error.what }")
    assert problem == "A class cannot be called 'B'. There is b already."
    # What was recorded last may be on its way still when another project is opened.
    run(
        page,
        """
        window.project.close();
        await window.project.addImages(window.project.classes[0].id, [{ blob: await draw(1) }]);
        """,
    )
    other.wait_for_function("() => window.project.counts().total === 31")
    run(page, "await studio.deleteProject('both')")
    gone = run(
        other,
        """
        const [a] = window.project.classes;
        const blob = await draw(1);
        return window.project.addImages(a.id, [{ blob }]).catch((error) => error.message);
        """,
    )
    assert "was deleted in another tab" in gone


def test_when_storage_is_full_nothing_is_half_written(page: Page, files: Files) -> None:
    session = page.context.new_cdp_session(page)
    session.send("Storage.overrideQuotaForOrigin", {"origin": files.url, "quotaSize": 2_000_000})
    run(page, "window.project = await studio.openProject('full'); await window.project.addClass('a');")
    told = run(
        page,
        """
        const [a] = window.project.classes;
        const noise = () => {
          const canvas = new OffscreenCanvas(320, 320);
          const context = canvas.getContext('2d');
          const pixels = context.createImageData(320, 320);
          for (let at = 0; at < pixels.data.length; at += 65536)
            crypto.getRandomValues(pixels.data.subarray(at, at + 65536));
          for (let at = 3; at < pixels.data.length; at += 4) pixels.data[at] = 255;
          context.putImageData(pixels, 0, 0);
          return canvas.convertToBlob({ type: 'image/jpeg', quality: 0.92 });
        };
        for (let round = 0; round < 100; round++) {
          try {
            await window.project.addImages(a.id, [{ blob: await noise() }, { blob: await noise() }]);
          } catch (error) {
            return { what: error.what, fix: error.fix, name: error.name };
          }
        }
        """,
    )
    assert told["name"] == "PytrainError"
    assert "is full" in told["what"]
    assert "untouched" in told["what"]
    assert "Save the project" in told["fix"]
    session.send("Storage.overrideQuotaForOrigin", {"origin": files.url})
    whole = run(
        page,
        """
        const project = await studio.openProject('full');
        const images = project.images(project.classes[0].id);
        const blobs = await Promise.all(images.map(({ id }) => project.blob(id)));
        const all = window.project.counts().total;
        return [images.length === all, images.length % 2, blobs.every((blob) => blob.size > 0)];
        """,
    )
    assert whole == [True, 0, True]


def test_without_storage_the_page_says_so(page: Page) -> None:
    told = run(
        page,
        """
        const get = () => { throw new DOMException('no', 'SecurityError') };
        Object.defineProperty(globalThis, 'indexedDB', { get });
        const told = [];
        for (const task of [() => studio.openProject('a'), () => studio.listSavedModels()]) {
          try { await task() } catch (error) { told.push([error.name, error.what]) }
        }
        return told;
        """,
    )
    assert [name for name, _ in told] == ["PytrainError"] * 2
    assert all("keeps nothing for this page" in what for _, what in told)


def test_files_that_are_no_pictures_are_refused_by_name_and_the_others_added(page: Page) -> None:
    buffer = io.BytesIO()
    Image.fromarray(draw_scene("star", 1)).save(buffer, "WEBP")
    # A PNG that says it is 10,000 x 6,000: its head is all that is read of it.
    monster = io.BytesIO()
    Image.new("1", (10_000, 6_000)).save(monster, "PNG")
    files = {
        "star.webp": buffer.getvalue(),
        "liar.png": b"GIF? no: a text that is called a picture",
        "cut.jpg": base64.b64decode("/9j/4AAQSkZJRg=="),
        "monster.png": monster.getvalue(),
        "empty.jpg": b"",
    }
    given = {name: base64.b64encode(content).decode() for name, content in files.items()}
    found = run(
        page,
        """
        const project = await studio.openProject('files');
        const a = await project.addClass('a');
        const files = await Promise.all(Object.entries(given).map(async ([name, content]) =>
          new File([await (await fetch(`data:;base64,${content}`)).blob()], name)));
        const seen = [];
        const { ids, refused } = await project.addFiles(a.id, files, { onProgress: (at) => seen.push(at) });
        const blob = await project.blob(ids[0]);
        const some = [{ blob: files[0] }, { blob: files[1] }];
        return { ids, refused: refused.map(({ name, error }) => [name, error.what]), seen, type: blob.type,
          problem: await project.addImages(a.id, some).catch((error) => error.what),
          total: project.counts().total };
        """,
        given,
    )
    assert len(found["ids"]) == 1
    assert found["type"] == "image/jpeg"
    assert [name for name, _ in found["refused"]] == ["liar.png", "cut.jpg", "monster.png", "empty.jpg"]
    assert "10,000 x 6,000" in dict(found["refused"])["monster.png"]
    assert found["seen"][-1] == {"done": 5, "total": 5}
    assert found["problem"].startswith("liar.png is no picture")
    assert found["total"] == 1


@pytest.mark.parametrize("side", [240, 3000])
def test_a_kept_picture_is_the_centre_square(page: Page, side: int) -> None:
    frame = np.zeros((side, side + 160, 3), np.uint8)
    frame[:, 80 : side + 80] = (255, 255, 255)
    png = io.BytesIO()
    Image.fromarray(frame).save(png, "PNG")
    given = base64.b64encode(png.getvalue()).decode()
    data = run(
        page,
        """
        const file = await (await fetch(`data:;base64,${given}`)).blob();
        const blob = await studio.fromFile(file, 'wide.png');
        const again = await studio.fromFile(new Blob([blob]), 'again');
        return [...new Uint8Array(await blob.arrayBuffer()), again.size === blob.size];
        """,
        given,
    )
    assert data.pop() is True
    kept = np.asarray(Image.open(io.BytesIO(bytes(data))))
    assert kept.shape == (320, 320, 3)
    assert kept.min() > 250


def test_a_model_is_kept_whole_and_listed(page: Page, exported_bundle: Path) -> None:
    files = {
        file.relative_to(exported_bundle).as_posix(): base64.b64encode(file.read_bytes()).decode()
        for file in exported_bundle.rglob("*")
        if file.is_file() and file.suffix != ".keras"
    }
    listed, sizes, broken = run(
        page,
        """
        const files = {};
        for (const [name, content] of Object.entries(given))
          files[name] = await (await fetch(`data:;base64,${content}`)).blob();
        const heard = [];
        const end = studio.onSavedModels(() => heard.push(1));
        await studio.saveModel('shapes', files, { thumbnail: await draw(1) });
        const { files: read } = await studio.openSavedModel('shapes');
        const all = await studio.listSavedModels();
        const listed = all.map((one) => ({ ...one, thumbnail: one.thumbnail.type }));
        const { 'metadata.json': _, ...rest } = files;
        const broken = await studio.saveModel('broken', rest).catch((error) => error.message);
        await studio.deleteModel('shapes');
        const gone = await studio.openSavedModel('shapes').catch((error) => error.what);
        end();
        return [listed, Object.fromEntries(Object.entries(read).map(([name, blob]) => [name, blob.size])),
          [broken, gone, heard.length, (await studio.listSavedModels()).length]];
        """,
        files,
    )
    (model,) = listed
    assert model["labels"] == ["circle", "square", "star", "triangle"]
    assert model["thumbnail"] == "image/jpeg"
    assert sizes == {name: len(base64.b64decode(content)) for name, content in files.items()}
    assert model["bytes"] == sum(sizes.values())
    assert "has no file metadata.json" in broken[0]
    assert broken[1:] == ["There is no model 'shapes' in this browser.", 2, 0]


def test_a_project_gets_another_name_in_all_tabs(page: Page, files: Files) -> None:
    other = page.context.new_page()
    load_studio(other, files)
    run(
        page,
        """
        const project = await studio.openProject('before');
        const one = await project.addClass('one');
        const pictures = await Promise.all([1, 2, 3].map(async (seed) => ({ blob: await draw(seed) })));
        await project.addImages(one.id, pictures);
        window.project = project;
        """,
    )
    run(other, "window.project = await studio.openProject('before');")
    run(page, "await project.rename('after');")
    other.wait_for_function("() => project.name === 'after'")
    run(other, "await project.addClass('two');")
    page.wait_for_function("() => project.classes.length === 2")
    listed = run(page, "return (await studio.listProjects()).map(({ name, images }) => [name, images]);")
    assert listed == [["after", 3]]
    assert run(other, "return project.images(project.classes[0].id).length;") == 3
    refused = run(
        page,
        """
        await studio.openProject('Taken');
        return project.rename('taken').then(() => null, (error) => error.message);
        """,
    )
    assert "There is Taken already" in refused
