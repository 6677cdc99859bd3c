"""A model that is trained in the browser answers in Python, ml5 and Teachable Machine as it does there."""

from __future__ import annotations

import base64
import io
import json
import shutil
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clients import CLIENTS, answers_of
from live import CHECKOUT, Open, Server
from photographs import CAT, COFFEE, MOTORCYCLE, tiles
from PIL import Image
from playwright.sync_api import Browser, Page
from studio_page import Files, open_studio, run

import pytrain
from pytrain import bundle
from pytrain.export.verify import verify
from pytrain.image import read_image, to_input
from pytrain.model.from_page import stored_weights
from pytrain.pipeline import browser_backbone

MODULES = ("names", "pictures", "saved-models", "project", "backbone", "trainer", "zip")
PHOTOGRAPHS = {"cat": CAT, "κούπα": COFFEE, "motor-cycle": MOTORCYCLE}
LEARNED = 15
"""Tiles of each photograph; the last three are held out."""

FLOAT16 = 5e-3
"""The backbone's weights are rounded in a bundle; Python's are not."""

HELPERS = """
  window.blobOf = async (content) => (await fetch(`data:;base64,${content}`)).blob();
  window.base64 = (blob) => new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(',') + 1));
    reader.readAsDataURL(blob);
  });
  window.extractor = async () => {
    const { featureExtractor } = await import('./source/pytrain.js');
    return featureExtractor(window.studio.BACKBONE, { backend: 'wasm' });
  };
  window.record = async (project, pictures) => {
    for (const [label, list] of Object.entries(pictures)) {
      const { id } = project.classes.find(({ name }) => name === label) ?? await project.addClass(label);
      const blobs = await Promise.all(list.map(blobOf));
      await project.addImages(id, blobs.map((blob) => ({ blob, recording: `one of ${label}` })));
    }
  };
  void 0;
"""


def png(pixels: np.ndarray[Any, Any]) -> bytes:
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "PNG")
    return data.getvalue()


def pictures(count: int = LEARNED) -> dict[str, list[str]]:
    return {
        label: [base64.b64encode(png(tile)).decode() for tile in tiles(photograph, count)]
        for label, photograph in PHOTOGRAPHS.items()
    }


@pytest.fixture(scope="module")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make backbone` makes."""
    return browser_backbone.make(tmp_path_factory.mktemp("made") / "backbone", say=lambda line: None)


@pytest.fixture(scope="module")
def files(backbone: Path) -> Iterator[Files]:
    served = Files(backbone)
    yield served
    served.stop()


@pytest.fixture
def page(plain_browser: Browser, files: Files) -> Iterator[Page]:
    """A tab with the studio's modules and nothing kept yet."""
    watched = open_studio(plain_browser, files, MODULES)
    watched.page.evaluate(HELPERS)
    yield watched.page
    watched.page.context.close()
    assert watched.errors == []
    assert watched.foreign == []


@dataclass(frozen=True)
class Trained:
    """A model that was trained in the browser, its bundle unpacked, and what the page said of it."""

    path: Path
    told: dict[str, Any]
    server: Server


@pytest.fixture(scope="module")
def trained(
    plain_browser: Browser, files: Files, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Trained]:
    """Recorded, trained, saved as a zip, in a folder that pytrain serves."""
    watched = open_studio(plain_browser, files, MODULES)
    watched.page.evaluate(HELPERS)
    told = run(
        watched.page,
        """
        const project = await studio.openProject('things');
        const one = await extractor();
        const end = await studio.keepEmbedded(project, one);
        await record(project, given);
        const steps = [];
        const first = await studio.trainHere(project, one, { onProgress: (step) => steps.push(step) });
        end();
        const second = await studio.trainHere(project, one);
        one.dispose();
        const { metrics, curves } = first;
        const names = (made) => Object.keys(made.files).filter((name) => name.endsWith('.bin')).sort();
        return { zip: await base64(await studio.saveBundle(first.files)), metrics, curves, steps,
          same: JSON.stringify(names(first)) === JSON.stringify(names(second)) };
        """,
        pictures(),
    )
    watched.page.context.close()
    assert watched.errors == []
    root = tmp_path_factory.mktemp("trained")
    path = root / "exported_models" / "things"
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(told.pop("zip")))) as archive:
        archive.extractall(path)
    server = Server(root)
    yield Trained(path, told, server)
    server.stop()


def golden(path: Path) -> tuple[list[Path], np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Files, probabilities [frames, classes] and `known` [frames] that the browser wrote down."""
    frames = json.loads((path / "golden" / "golden.json").read_text(encoding="utf-8"))["frames"]
    return (
        [path / "golden" / frame["file"] for frame in frames],
        np.array([frame["probabilities"] for frame in frames]),
        np.array([frame["known"] for frame in frames]),
    )


def by_label(answers: Iterable[pytrain.Prediction]) -> np.ndarray[Any, Any]:
    """Probabilities [frames, classes] that Python gives."""
    given = [{guess.label: guess.confidence for guess in answer.guesses} for answer in answers]
    return np.array([[guesses[label] for label in PHOTOGRAPHS] for guesses in given])


def test_the_network_that_the_page_learns_with_is_that_of_keras(page: Page, backbone: Path) -> None:
    from pytrain.model.backbones import load
    from pytrain.model.transfer import embedder

    frames = [tile for photograph in PHOTOGRAPHS.values() for tile in tiles(photograph, 2)]
    ours = run(
        page,
        """
        const one = await extractor();
        const found = [];
        for (const content of given) {
          const bitmap = await createImageBitmap(await blobOf(content));
          found.push(Array.from(await one.embed(bitmap)));
        }
        one.dispose();
        return found;
        """,
        [base64.b64encode(png(frame)).decode() for frame in frames],
    )
    expected = np.asarray(embedder(load())(np.stack([to_input(frame) for frame in frames])))
    assert np.asarray(ours).shape == expected.shape
    assert np.abs(np.asarray(ours) - expected).max() < 0.01 * expected.max()
    head = json.loads((backbone / "head.json").read_text(encoding="utf-8"))
    assert head["width"] == expected.shape[1]


def test_the_network_that_the_pages_bring_is_the_one_that_is_made_now(backbone: Path) -> None:
    """Where this fails: make backbone."""
    brought = CHECKOUT / "web" / "backbone"
    heads = [json.loads((folder / "head.json").read_text(encoding="utf-8")) for folder in (brought, backbone)]
    # The key is of the weights, whose last bits depend on the machine.
    assert {**heads[0], "key": None} == {**heads[1], "key": None}
    ours, theirs = (dict(stored_weights(folder)) for folder in (brought, backbone))
    assert ours.keys() == theirs.keys()
    for name, values in ours.items():
        assert np.allclose(values, theirs[name], atol=2e-3 * max(1.0, np.abs(values).max())), name


def test_tiles_of_photographs_are_told_apart_and_so_it_says(trained: Trained) -> None:
    metrics, curves, steps = (trained.told[part] for part in ("metrics", "curves", "steps"))
    assert metrics["heldOut"]["n"] == 9
    assert metrics["heldOut"]["accuracy"] >= 8 / 9
    assert [one["name"] for one in metrics["heldOut"]["perClass"]] == list(PHOTOGRAPHS)
    assert metrics["crossValidation"]["n"] == 36
    assert 0.4 < metrics["threshold"] < 1
    assert curves["loss"][-1] < curves["loss"][0]
    assert len(curves["loss"]) == len(curves["accuracy"]) == len(curves["heldOut"]) > 3
    phases = [step["phase"] for step in steps]
    assert list(dict.fromkeys(phases)) == ["embedding", "training", "checking"]
    assert all(step["done"] <= step["total"] for step in steps)
    assert any("loss" in step and "heldOut" in step for step in steps)


def test_the_same_pictures_give_the_same_weights(trained: Trained) -> None:
    assert trained.told["same"]


@pytest.mark.parametrize("backend", ["wasm", pytest.param("cpu", marks=pytest.mark.thorough)])
def test_the_bundle_is_whole_and_proven_in_another_tensorflowjs(trained: Trained, backend: str) -> None:
    found = bundle.read(trained.path)
    assert found.labels == tuple(PHOTOGRAPHS)
    assert found.score == "known"
    assert set(found.topologies) == {"graph.json", "model.json"}
    assert found.metadata["pytrain"]["metrics"]["held-out pictures"]["accuracy"] >= 8 / 9
    verify(trained.path, [backend]).require()


def test_python_answers_as_the_browser_does(trained: Trained) -> None:
    paths, probabilities, known = golden(trained.path)
    answers = list(pytrain.predict(trained.path, paths))
    assert np.abs(by_label(answers) - probabilities).max() < FLOAT16
    assert np.abs(np.array([answer.known for answer in answers]) - known).max() < FLOAT16


def test_python_can_export_it_anew(trained: Trained, tmp_path: Path) -> None:
    made = pytrain.export(trained.path, tmp_path / "again", weights="float32", verify=False)
    assert made.labels == tuple(PHOTOGRAPHS)
    paths, probabilities, _ = golden(trained.path)
    answers = by_label(pytrain.predict(made.path, paths))
    assert np.abs(answers - probabilities).max() < FLOAT16


@pytest.mark.parametrize(
    "client",
    [
        pytest.param("ml5 in p5 2", marks=pytest.mark.thorough),
        "Teachable Machine",
        pytest.param("tf.loadGraphModel", marks=pytest.mark.thorough),
    ],
)
def test_other_libraries_answer_as_the_page_does(
    open_page: Open, plain_browser: Browser, trained: Trained, client: str
) -> None:
    libraries, program, divisor = CLIENTS[client]
    paths, probabilities, _ = golden(trained.path)
    # They squash frames and stretch values by their own rules: what they see is given to them at its size.
    seen = [np.asarray(Image.open(path)) for path in paths]
    shown = [(to_input(frame) + 1) * 127.5 for frame in seen]
    frames = [png(np.rint(np.clip(one, 0, 255)).astype(np.uint8)) for one in shown]
    answers = answers_of(
        open_page,
        plain_browser,
        trained.server,
        libraries,
        program,
        frames,
        name="things",
        labels=list(PHOTOGRAPHS),
    )
    # Dividing by 127 makes every pixel a little brighter.
    assert np.abs(answers - probabilities).max() < (0.02 if divisor == 127 else FLOAT16)


def test_models_are_compared_on_the_pictures_that_none_of_them_saw(page: Page, trained: Trained) -> None:
    contents = {
        file.relative_to(trained.path).as_posix(): base64.b64encode(file.read_bytes()).decode()
        for file in trained.path.rglob("*")
        if file.is_file()
    }
    found = run(
        page,
        """
        const project = await studio.openProject('compared');
        await record(project, given.pictures);
        const other = await project.addClass('never taught');
        await project.addImages(other.id, project.images(project.classes[0].id).slice(0, 0));
        const files = {};
        for (const [name, content] of Object.entries(given.contents)) files[name] = await blobOf(content);
        const { imageClassifier } = await import('./source/pytrain.js');
        const classifier = await imageClassifier({ name: 'things', files }, { backend: 'wasm' });
        const seen = [];
        const [result] = await studio.compare(project, [classifier], { onProgress: (at) => seen.push(at) });
        classifier.dispose();
        return { result, seen: seen.at(-1) };
        """,
        {"pictures": pictures(), "contents": contents},
    )
    result = found["result"]
    assert result["n"] == 9
    assert result["labels"] == [*PHOTOGRAPHS, "never taught"]
    right = sum(result["confusion"][at][at] for at in range(3))
    assert result["accuracy"] == pytest.approx(right / 9)
    assert len(result["wrong"]) == 9 - right
    assert found["seen"] == {"done": 9, "total": 9}


def test_training_can_be_stopped_at_any_time_and_tried_again_even_with_a_full_storage(page: Page) -> None:
    told = run(
        page,
        """
        const project = await studio.openProject('stopped');
        const one = await extractor();
        await record(project, given);
        const { put } = IDBObjectStore.prototype;
        IDBObjectStore.prototype.put = () => { throw new DOMException('full', 'QuotaExceededError'); };
        const stopped = [];
        for (const phase of ['embedding', 'training', 'checking']) {
          const stop = new AbortController();
          const onProgress = (step) => step.phase === phase && stop.abort();
          const name = await studio.trainHere(project, one, { signal: stop.signal, onProgress })
            .then(() => 'went on', (error) => error.name);
          stopped.push(name);
        }
        const made = await studio.trainHere(project, one);
        IDBObjectStore.prototype.put = put;
        const again = await studio.trainHere(await studio.openProject('stopped'), one);
        one.dispose();
        const names = (made) => Object.keys(made.files).sort();
        return [stopped, names(made), names(again), made.full, again.full];
        """,
        pictures(5),
    )
    stopped, made, again, *full = told
    assert stopped == ["AbortError"] * 3
    assert "graph.json" in made
    assert made == again, "files of weights are named by what they hold"
    assert full == [True, False]


def test_a_class_of_none_of_them_is_learned_as_unknown(page: Page) -> None:
    gravel = [base64.b64encode(png(tile)).decode() for tile in tiles("gravel", 12)]
    told = run(
        page,
        """
        const project = await studio.openProject('with unknown');
        const one = await extractor();
        await record(project, given);
        const made = await studio.trainHere(project, one);
        const { imageClassifier } = await import('./source/pytrain.js');
        const classifier = await imageClassifier({ name: 'x', files: made.files }, { backend: 'wasm' });
        const answers = [];
        for (const { id, name } of project.classes) {
          for (const image of project.images(id)) {
            const bitmap = await createImageBitmap(await project.blob(image.id));
            const { answer } = await classifier.classify(bitmap);
            answers.push([name, answer]);
          }
        }
        classifier.dispose();
        one.dispose();
        return { labels: classifier.labels, answers };
        """,
        {**pictures(12), "unknown": gravel},
    )
    assert told["labels"] == list(PHOTOGRAPHS)
    of_none = [answer for name, answer in told["answers"] if name == "unknown"]
    of_classes = [name == answer for name, answer in told["answers"] if name != "unknown"]
    assert of_none.count("unknown") >= 11
    assert np.mean(of_classes) > 0.85


def test_what_cannot_be_trained_says_why(page: Page) -> None:
    # Some servers answer with a page of their own for whatever is not there.
    page.route("**/nowhere/**", lambda route: route.fulfill(body="<p>Not here</p>", content_type="text/html"))
    told = run(
        page,
        """
        const project = await studio.openProject('nothing');
        const one = await extractor();
        const messages = [];
        const train = (by) => studio.trainHere(project, by).catch((error) => error.what);
        const attempt = async () => messages.push(await train(one));
        await attempt();
        await record(project, { cat: given.cat });
        await attempt();
        await project.addClass('empty');
        await attempt();
        const other = { width: 3, embed: one.embed };
        await record(project, { empty: given.cat });
        messages.push(await train(other));
        const nowhere = new URL('nowhere/', location.href).href;
        messages.push(await studio.openBackbone(nowhere).catch((error) => error.fix));
        one.dispose();
        return messages;
        """,
        pictures(3),
    )
    assert told[:3] == ["No class has pictures yet.", "Only cat has pictures.", "Only cat has pictures."]
    assert told[3] == "The feature extractor gives 3 numbers."
    assert "make backbone" in told[4]


def test_a_bundle_of_another_version_says_what_to_do(trained: Trained, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(trained.path, other)
    metadata = json.loads((other / "metadata.json").read_text(encoding="utf-8"))
    metadata["pytrain"]["source"]["backbone"]["digest"] = "0" * 64
    (other / "metadata.json").write_text(json.dumps(metadata), encoding="utf-8")
    with pytest.raises(pytrain.PytrainError, match="trained in a page of another version"):
        pytrain.predict(other, read_image(golden(other)[0][0]))
