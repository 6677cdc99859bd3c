"""Projects, pictures and models leave the browser as zips and come back; so do Teachable Machine's."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from live import Open
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from studio_page import Files, open_studio, run

from pytrain.dataset.four_shapes import draw_scene
from pytrain.dataset.image_folder import open_dataset

MODULES = ("names", "pictures", "saved-models", "project", "zip")

HELPERS = """
  window.fileOf = async (name, content) =>
    new File([await (await fetch(`data:;base64,${content}`)).blob()], name);
  window.base64 = (blob) => new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(',') + 1));
    reader.readAsDataURL(blob);
  });
  window.open_ = async ({ name, content }) => window.studio.openZip(await fileOf(name, content));
  void 0;
"""


@pytest.fixture(scope="module")
def files() -> Iterator[Files]:
    served = Files()
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


def picture(number: int, kind: str = "PNG") -> bytes:
    data = io.BytesIO()
    Image.fromarray(draw_scene("star", number)).save(data, kind)
    return data.getvalue()


def zipped(contents: Mapping[str, bytes | str], name: str = "some.zip") -> dict[str, str]:
    """A zip as the page is given it."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in contents.items():
            archive.writestr(path, content)
    return {"name": name, "content": base64.b64encode(data.getvalue()).decode()}


def refusal(page: Page, given: dict[str, str]) -> str:
    """The one error that a zip is refused with; nothing of it may be kept."""
    told: list[Any] = run(
        page,
        """
        const message = await open_(given).then(() => '', (error) => `${error.name}: ${error.message}`);
        return [message, await studio.listProjects(), await studio.listSavedModels()];
        """,
        given,
    )
    assert told[1:] == [[], []]
    assert told[0].startswith("PytrainError: ")
    return str(told[0])


def test_a_project_comes_back_as_it_was_saved(page: Page, exported_bundle: Path) -> None:
    bundle = {
        file.relative_to(exported_bundle).as_posix(): base64.b64encode(file.read_bytes()).decode()
        for file in exported_bundle.rglob("*")
        if file.is_file() and file.suffix != ".keras"
    }
    pictures = [base64.b64encode(picture(number)).decode() for number in range(8)]
    found = run(
        page,
        """
        const project = await studio.openProject('Gesten & so');
        const labels = ['右手', 'auf 👍', 'unknown', 'empty'];
        for (const label of labels) await project.addClass(label);
        const blobs = await Promise.all(given.pictures.map((content) => fileOf('x.png', content)));
        const [a, b, c] = project.classes;
        await project.addImages(a.id, blobs.map((blob) => ({ blob, recording: 'first' })));
        await project.addImages(b.id, blobs.slice(0, 6).map((blob) => ({ blob, recording: 'second' })));
        await project.addImages(c.id, blobs.slice(0, 2).map((blob) => ({ blob })));
        await project.recolour(b.id, '#0a0b0c');
        const files = {};
        for (const [name, content] of Object.entries(given.bundle)) files[name] = await fileOf(name, content);
        await studio.saveModel('shapes', files);
        const seen = [];
        const onProgress = (at) => seen.push(at);
        const zip = await studio.saveProject(project, { models: ['shapes'], onProgress });
        const opened = await studio.openZip(new File([zip], 'mine.zip'));
        const again = await studio.openProject(opened.name);
        const shown = async (one, { id, recording, time, heldOut }) =>
          ({ recording, time, heldOut, bytes: await base64(await one.blob(id)) });
        const told = async (one) => Promise.all(one.classes.map(async ({ id, name, colour }) => {
          const images = await Promise.all(one.images(id).map((image) => shown(one, image)));
          return { name, colour, images };
        }));
        const [model, copy] = await Promise.all(
          ['shapes', opened.models[0]].map(async (name) => (await studio.openSavedModel(name)).files));
        const sizes = (one) => Object.entries(one).map(([file, blob]) => `${file} ${blob.size}`).sort();
        return { opened, before: await told(project), after: await told(again), seen: seen.at(-1),
          sameModel: JSON.stringify(sizes(model)) === JSON.stringify(sizes(copy)), zip: await base64(zip) };
        """,
        {"bundle": bundle, "pictures": pictures},
    )
    assert found["opened"] == {
        "kind": "project",
        "name": "Gesten & so 2",
        "models": ["shapes 2"],
        "refused": [],
    }
    assert found["after"] == found["before"]
    assert [one["name"] for one in found["after"]] == ["右手", "auf 👍", "unknown", "empty"]
    held = [[image["heldOut"] for image in one["images"]] for one in found["after"]]
    assert held[0] == [False] * 7 + [True]
    assert found["sameModel"]
    assert found["seen"] == {"done": 16, "total": 16}
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(found["zip"]))) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert names[0] == "project.json"
        assert "model/shapes/metadata.json" in names
        assert json.loads(archive.read("project.json"))["version"] == 1


def test_the_zip_of_pictures_is_what_python_trains_on(page: Page, tmp_path: Path) -> None:
    content = run(
        page,
        """
        const project = await studio.openProject('p');
        for (const [at, label] of ['右手', 'left hand', 'unknown'].entries()) {
          const { id } = await project.addClass(label);
          const some = given.slice(5 * at, 5 * at + 5);
          await project.addFiles(id, await Promise.all(some.map((content) => fileOf('x.png', content))));
        }
        return base64(await studio.saveImages(project));
        """,
        [base64.b64encode(picture(number)).decode() for number in range(15)],
    )
    path = tmp_path / "images.zip"
    path.write_bytes(base64.b64decode(content))
    folder = open_dataset(path)
    assert folder.counts() == {"left hand": 5, "右手": 5, "unknown": 5}
    assert folder.problems == ()


def test_a_project_of_teachable_machine_is_opened_with_its_classes(page: Page) -> None:
    contents: dict[str, bytes | str] = {
        "manifest.json": json.dumps({"type": "image", "version": "2.4.10", "appdata": {"trainEpochs": 50}})
    }
    for label, first in (("Class 1", 0), ("links/rechts", 10)):
        for number in range(3):
            contents[f"{label}-!-{number}.png".replace("/", ":")] = picture(first + number)
    contents["Class 1-!-3.png"] = b"no picture"
    opened = run(
        page,
        """
        const opened = await open_(given);
        const project = await studio.openProject(opened.name);
        const counts = project.counts().classes.map(({ total }) => total);
        return { ...opened, refused: opened.refused.map(({ name, error }) => [name, error.what]),
          classes: project.classes.map(({ name }) => name), counts };
        """,
        zipped(contents, "my hands.tm"),
    )
    assert opened["name"] == "my hands"
    assert opened["classes"] == ["Class 1", "links-rechts"]
    assert opened["counts"] == [3, 3]
    assert [name for name, _ in opened["refused"]] == ["Class 1-!-3.png"]


def test_folders_of_pictures_are_classes_and_names_cannot_leave_them(page: Page) -> None:
    contents = {
        "all/cats/1.png": picture(1),
        "all/CATS/2.png": picture(2),
        "all/../../../etc/3.png": picture(3),
        "all/con/4.png": picture(4),
        "all/.hidden/5.png": picture(5),
    }
    classes = run(
        page,
        """
        const { name } = await open_(given);
        const project = await studio.openProject(name);
        return [name, project.classes.map(({ name }) => name), project.counts().total];
        """,
        zipped(contents, "pets.zip"),
    )
    assert classes == ["pets", ["cats", "CATS 2", "etc", "my con", "hidden"], 5]


TEACHABLE = """async () => {
  for (const library of ['tf', 'teachablemachine-image']) {
    await new Promise((resolve, reject) => {
      const script = document.createElement('script');
      Object.assign(script, { src: `vendor/${library}.min.js`, onload: resolve, onerror: reject });
      document.head.append(script);
    });
  }
  await tf.setBackend('cpu');
  const { layers } = tf;
  const input = tf.input({ shape: [224, 224, 3] });
  let x = layers.conv2d({ filters: 6, kernelSize: 16, strides: 16, name: 'Conv1' }).apply(input);
  x = layers.batchNormalization({ name: 'bn_Conv1' }).apply(x);
  const left = layers.reLU({ maxValue: 6, name: 'Conv1_relu' }).apply(x);
  const right = layers.depthwiseConv2d({ kernelSize: 3, padding: 'same', name: 'depthwise' }).apply(left);
  const out = layers.add({ name: 'out_relu' }).apply([left, right]);
  let saved;
  await tf.model({ inputs: input, outputs: out }).save(tf.io.withSaveHandler(async (made) => {
    saved = made;
    return { modelArtifactsInfo: {} };
  }));
  const labels = ['Class 1', 'left hand', 'rot'];
  const model = await tmImage.createTeachable(
    { labels, modelName: 'tm-my-image-model', tfjsVersion: '1.3.1', tmVersion: '2.4.10' },
    { checkpointUrl: tf.io.fromMemory(saved), trainingLayer: 'out_relu' });
  model.setLabels(labels);
  const example = (level) => tf.fill([1, 224, 224, 3], level);
  for (let at = 0; at < 4; at++)
    for (const number of [0, 1, 2]) await model.addExample(number, example(number / 2 - 0.5 + at / 100));
  await model.train({ denseUnits: 100, epochs: 2, learningRate: 0.001, batchSize: 4 });
  await model.save(tf.io.withSaveHandler(async (made) => {
    saved = made;
    return { modelArtifactsInfo: {} };
  }));
  const { modelTopology, weightSpecs, weightData } = saved;
  window.teachable = model.model;
  return {
    'model.json': JSON.stringify(
      { modelTopology, weightsManifest: [{ paths: ['weights.bin'], weights: weightSpecs }] }),
    'metadata.json': JSON.stringify(model.getMetadata()),
    'weights.bin': await base64(new Blob([weightData])),
  };
}"""
"""Teachable Machine's own library teaches a model that stands on a small network, as its page exports it."""


def test_a_model_of_teachable_machine_answers_as_it_did_here_and_in_play(
    page: Page, open_page: Open, plain_browser: Browser, tmp_path: Path
) -> None:
    made = page.evaluate(TEACHABLE)
    labels = json.loads(made["metadata.json"])["labels"]
    made["weights.bin"] = base64.b64decode(made["weights.bin"])
    given = zipped(made, "by hand.zip")
    scene = Image.fromarray(draw_scene("star", 4)).resize((224, 224))
    scene.save(tmp_path / "scene.png")
    found = run(
        page,
        """
        const opened = await open_(given.zip);
        const { imageClassifier } = await import('./source/pytrain.js');
        const model = await studio.openSavedModel(opened.name);
        const classifier = await imageClassifier(model, { backend: 'wasm', heatMap: true });
        const bitmap = await createImageBitmap(await fileOf('x.png', given.picture));
        const before = await classifier.memory();
        const results = await classifier.classify(bitmap);
        const layers = await classifier.layers();
        const names = ['Conv1_relu', layers.at(-2).name, layers.at(-1).name];
        const maps = await classifier.activations(bitmap, names);
        const { name, height, filters } = await classifier.filters();
        const after = await classifier.memory();
        classifier.dispose();
        const wanted = tf.tidy(() => {
          const input = tf.browser.fromPixels(bitmap).toFloat().div(127.5).sub(1).expandDims();
          const [base, head] = teachable.layers;
          return [teachable.predict(input), head.layers[0].apply(base.predict(input))]
            .map((one) => [...one.dataSync()]);
        });
        const list = ({ height, width, channels, values }) => [height, width, channels, values.length];
        return { opened, wanted, layers, names, tensors: [before.numTensors, after.numTensors],
          results: Object.fromEntries(results.map(({ label, confidence }) => [label, confidence])),
          sizes: names.map((one) => list(maps[one])), dense: [...maps[names[1]].values],
          heatMap: results.heatMap, filters: [name, height, filters] };
        """,
        {"zip": given, "picture": base64.b64encode((tmp_path / "scene.png").read_bytes()).decode()},
    )
    assert found["opened"] == {"kind": "model", "name": "by hand", "models": ["by hand"], "refused": []}
    probabilities, dense = found["wanted"]
    assert [found["results"][label] for label in labels] == pytest.approx(probabilities, abs=1e-4)
    assert found["dense"] == pytest.approx(dense, abs=1e-4)
    kinds = [layer["kind"] for layer in found["layers"]]
    assert kinds[:1] + kinds[-3:] == ["convolution", "pooling", "dense", "dense"]
    assert found["sizes"] == [[14, 14, 6, 14 * 14 * 6], [1, 1, 100, 100], [1, 1, 3, 3]]
    assert found["filters"] == ["Conv1", 16, 6]
    assert found["heatMap"] is None
    assert found["tensors"][0] == found["tensors"][1]

    teach = open_page(plain_browser, "/teach/").page
    (tmp_path / given["name"]).write_bytes(base64.b64decode(given["content"]))
    teach.get_by_test_id("open-file").set_input_files(tmp_path / given["name"])
    expect(teach.get_by_test_id("message")).to_contain_text("by hand is kept in this browser")
    teach.get_by_test_id("message").get_by_role("button", name="Play it").click()
    teach.wait_for_url("**/?model=browser%3Aby%20hand")
    teach.get_by_test_id("file-input").set_input_files(tmp_path / "scene.png")
    best = labels[int(np.argmax(probabilities))]
    expect(teach.get_by_test_id("answer")).to_have_attribute("data-label", best)


def test_a_model_that_cannot_run_is_not_kept_and_a_project_comes_without_it(
    page: Page, exported_bundle: Path
) -> None:
    bundle = {file.name: file.read_bytes() for file in exported_bundle.iterdir() if file.is_file()}
    model = json.loads(bundle["model.json"])
    layers = model["modelTopology"]["model_config"]["config"]["layers"]
    layers[1]["class_name"] = "Patchwork"
    contents: dict[str, bytes | str] = {
        "model.json": json.dumps(model),
        "metadata.json": json.dumps({"labels": ["circle", "square", "star", "triangle"]}),
        **{name: content for name, content in bundle.items() if name.endswith(".bin")},
    }
    told = refusal(page, zipped(contents, "odd.zip"))
    assert "The model odd cannot run here: Unknown layer: Patchwork" in told
    assert "What to do: Export it again" in told
    project = {
        "format": "pytrain-project",
        "version": 1,
        "name": "mine",
        "classes": [{"name": "a", "images": [{"file": "images/1.png"}]}],
        "models": [{"name": "odd", "folder": "model/odd"}],
    }
    pytrain = json.loads(bundle["metadata.json"])
    pytrain["pytrain"]["formats"] = {"layers": True, "graph": False}
    contents["metadata.json"] = json.dumps(pytrain)
    inside = {f"model/odd/{name}": content for name, content in contents.items()}
    opened = run(
        page,
        """
        const { refused, ...opened } = await open_(given);
        const kept = await studio.listSavedModels();
        return [opened, refused.map(({ name, error }) => [name, error.what]), kept.length];
        """,
        zipped({"project.json": json.dumps(project), "images/1.png": picture(1), **inside}),
    )
    assert opened[0] == {"kind": "project", "name": "mine", "models": []}
    ((name, why),) = opened[1]
    assert name == "the model odd"
    assert why.startswith("The model odd cannot run here: Unknown layer: Patchwork")
    assert opened[2] == 0


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        ({"readme.txt": "hello"}, "holds no project, no pictures and no model"),
        ({"manifest.json": '{"type": "audio"}', "a-!-0.webm": b"x"}, "Teachable Machine for audio"),
        ({"manifest.json": '{"type": "image"', "a-!-0.png": b"x"}, "manifest.json is damaged"),
        ({"a/1.png": b"no", "b/2.jpg": b"pictures"}, "1.png is no picture"),
        ({"project.json": '{"format": "other"}'}, "project.json is damaged, or of another program"),
        ({"metadata.json": '{"labels": ["a", "b"]}'}, "no model for pictures"),
        ({"metadata.json": '{"wordLabels": ["a"]}', "model.json": "{}"}, "no model for pictures"),
        (
            {"metadata.json": '{"labels": ["a", "b"], "imageSize": 96}', "model.json": "{}"},
            "no model for pictures of 224 x 224",
        ),
        ({"metadata.json": '{"labels": ["a", "b"]}', "model.json": "{}"}, "model.json"),
        ({"metadata.json": '{"labels": ["a", "b"], "pytrain": {"schema": 99}}'}, "schema version 99"),
        (
            {
                "project.json": json.dumps(
                    {
                        "format": "pytrain-project",
                        "version": 1,
                        "name": "x",
                        "classes": [{"name": "a", "images": [{"file": "images/a/1.jpg"}]}],
                    }
                )
            },
            "images/a/1.jpg is missing",
        ),
    ],
)
def test_what_cannot_be_opened_is_refused_with_one_reason_and_leaves_nothing(
    page: Page, contents: dict[str, bytes | str], message: str
) -> None:
    assert message in refusal(page, zipped(contents))


def test_a_zip_that_was_cut_off_or_changed_leaves_nothing(page: Page) -> None:
    whole = base64.b64decode(zipped({f"a/{n}.png": picture(n) for n in range(20)})["content"])
    for broken in (whole[:-1000], whole[:200] + b"\0" * 400 + whole[600:], b""):
        given = {"name": "broken.zip", "content": base64.b64encode(broken).decode()}
        assert "broken.zip" in refusal(page, given)


def test_opening_can_be_stopped_and_leaves_nothing(page: Page) -> None:
    given = zipped({f"a/{number}.png": picture(number) for number in range(40)})
    told = run(
        page,
        """
        const stop = new AbortController();
        const opening = studio.openZip(await fileOf(given.name, given.content),
          { signal: stop.signal, onProgress: () => stop.abort() });
        const name = await opening.then(() => '', (error) => error.name);
        return [name, await studio.listProjects()];
        """,
        given,
    )
    assert told == ["AbortError", []]
