"""From the last frame to a trained, kept model: in the page, and what it is worth beside pytrain train.

    python benchmarks/teach_here.py [--data scenes|fashion|DIR] [--classes 3] [--frames 100] [--rate 10]

Needs web/backbone (make backbone) and the built page (npm run build). In a headless Chromium without a
graphics unit, frames of each class come one by one, --rate of them a second, as from a camera that is held at
them, and are embedded meanwhile. The clock starts when the last frame has been kept and stops when the model
lies in the browser's storage: what is left to embed, fitting, checking with TensorFlow.js, keeping. Then once
more with all frames at once, as files that are dropped.

Accuracy: the last fifth of each class is held out on both sides; pytrain train gets the same JPEG files.

    scenes    four shapes held up in drawn rooms, each frame another one
    fashion   test pictures of Fashion-MNIST (apt install dataset-fashion-mnist)
    DIR       a folder for each class
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import os
import sys
import tempfile
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from studio_page import Files, open_studio, run

import pytrain
from pytrain.dataset.four_shapes import draw_scene
from pytrain.export import chromium

GOAL_SECONDS = 15.0

MODULES = ("pictures", "saved-models", "project", "backbone", "trainer", "zip")
SHAPES = ("circle", "square", "star", "triangle")
FIRST_SCENE = 900_000

HELPERS = """
  window.blobOf = async (content) => (await fetch(`data:;base64,${content}`)).blob();
  window.base64 = (blob) => new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(',') + 1));
    reader.readAsDataURL(blob);
  });
  void 0;
"""

TEACH = """
  const { featureExtractor } = await import('./source/pytrain.js');
  const extractor = await featureExtractor(studio.BACKBONE);
  await extractor.ready;
  const project = await studio.openProject(given.name);
  const end = given.rate ? await studio.keepEmbedded(project, extractor) : () => {};
  for (const [label, list] of Object.entries(given.frames)) {
    const { id } = await project.addClass(label);
    const blobs = await Promise.all(list.map(blobOf));
    if (!given.rate) {
      await project.addImages(id, blobs.map((blob) => ({ blob, recording: 'one' })));
      continue;
    }
    let due = performance.now();
    for (const blob of blobs) {
      due += 1000 / given.rate;
      await project.addImages(id, [{ blob, recording: 'one' }]);
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
    }
  }
  await globalThis.lastFrame?.();
  const start = performance.now();
  const phases = {};
  let [latest, phase] = [start, ''];
  const onProgress = (step) => {
    const now = performance.now();
    if (phase) phases[phase] = (phases[phase] ?? 0) + now - latest;
    [latest, phase] = [now, step.phase];
  };
  const made = await studio.trainHere(project, extractor, { onProgress });
  onProgress({ phase: '' });
  await studio.saveModel(given.name, made.files);
  const seconds = (performance.now() - start) / 1000;
  await globalThis.modelKept?.();
  end();
  const { milliseconds } = extractor.timings;
  const { backend } = extractor;
  extractor.dispose();
  return { seconds, phases, metrics: made.metrics, backend, milliseconds,
    zip: given.rate ? await base64(await studio.saveProject(project)) : null };
"""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", default="scenes")
    parser.add_argument("--classes", type=int, default=3)
    parser.add_argument("--frames", type=int, default=100, help="of each class")
    parser.add_argument("--rate", type=float, default=10.0, help="frames a second while recording")
    parser.add_argument("--quick", action="store_true", help="pytrain train without fine-tuning alone")
    options = parser.parse_args(arguments)
    program = chromium.find()
    if program is None:
        raise SystemExit("No Chromium was found. What to do: make browser")
    frames = frames_of(options.data, options.classes, options.frames)
    each = {len(list_) for list_ in frames.values()}
    print(f"{len(frames)} classes of {'/'.join(map(str, sorted(each)))} frames: {', '.join(frames)}")
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} at the start")
    files = Files()
    with sync_playwright() as playwright:
        mark = f"pytrain-teach-{os.getpid()}"
        browser = playwright.chromium.launch(
            executable_path=program, args=[*chromium.ARGUMENTS, f"--user-agent={mark}"]
        )
        page = open_studio(browser, files, MODULES).page
        page.set_default_timeout(0)
        page.evaluate(HELPERS)
        spent: list[float] = []
        for event in ("lastFrame", "modelKept"):
            page.expose_function(event, lambda: spent.append(processor_seconds(mark)))
        recorded = teach(page, "recorded", frames, options.rate)
        dropped = teach(page, "dropped", frames, 0)
        browser.close()
    files.stop()
    recorded["processor"], dropped["processor"] = spent[1] - spent[0], spent[3] - spent[2]
    print(f"Embedding a frame: {recorded['milliseconds']:.0f} ms on {recorded['backend']}")
    for name, told, goal in (
        (f"recorded at {options.rate:g} a second", recorded, f"  (goal: {GOAL_SECONDS:g})"),
        ("dropped all at once", dropped, ""),
    ):
        parts = ", ".join(f"{phase} {spent / 1000:.1f}" for phase, spent in told["phases"].items())
        print(f"{name:24} {told['seconds']:6.1f} s from the last frame to the kept model: {parts}{goal}")
        print(f"{'':24} {told['processor']:6.1f} s of processor time, whatever else the machine does")
    compare(recorded, options.quick)


def processor_seconds(mark: str) -> float:
    """What the browser's pages and workers have used so far; on Linux."""
    total = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (process / "cmdline").read_bytes():
                fields = (process / "stat").read_text().rpartition(")")[2].split()
                total += int(fields[11]) + int(fields[12])
        except OSError:
            continue
    return total / os.sysconf("SC_CLK_TCK")


def teach(page: Page, name: str, frames: dict[str, list[str]], rate: float) -> dict[str, Any]:
    told: dict[str, Any] = run(page, TEACH, {"name": name, "frames": frames, "rate": rate})
    return told


def compare(recorded: dict[str, Any], quick: bool) -> None:
    """Accuracy on the held-out frames: here, and of pytrain train on the same files."""
    here = recorded["metrics"]["heldOut"]
    print(
        f"held-out frames right, in the page        {here['accuracy']:.1%} of {here['n']}, "
        f"called unknown {here['rejected']:.1%}"
    )
    with tempfile.TemporaryDirectory(prefix="pytrain-teach-") as work:
        root = Path(work)
        unpack(base64.b64decode(recorded["zip"]), root)
        for fine_tune in ("never",) if quick else ("never", "auto"):
            start = time.perf_counter()
            made = pytrain.train(
                root / "learned", root / fine_tune, fine_tune=fine_tune, say=lambda line: None
            )
            seconds = time.perf_counter() - start
            assert made is not None
            found = pytrain.evaluate(made.path, root / "held")
            right = found.judged.accuracy()
            unknown = float((found.judged.known < found.threshold).mean())
            print(
                f"held-out frames right, pytrain train {fine_tune:5}{right.value or 0:.1%} of {right.total}, "
                f"called unknown {unknown:.1%}; {seconds:.0f} s"
            )


def unpack(content: bytes, root: Path) -> None:
    """A project's zip as two data sets: what was learned from, and what was held out."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for one in json.loads(archive.read("project.json"))["classes"]:
            for image in one["images"]:
                folder = root / ("held" if image["heldOut"] else "learned") / one["name"]
                folder.mkdir(parents=True, exist_ok=True)
                (folder / Path(image["file"]).name).write_bytes(archive.read(image["file"]))


def frames_of(data: str, classes: int, count: int) -> dict[str, list[str]]:
    """Frames by class, as the page is given them."""
    if data == "scenes":
        return {
            label: [encoded(draw_scene(label, FIRST_SCENE + number)) for number in range(count)]
            for label in SHAPES[:classes]
        }
    with tempfile.TemporaryDirectory(prefix="pytrain-teach-") as work:
        if data == "fashion":
            from transfer_quality import held_out_of

            folder = held_out_of("fashion-mnist", Path(work), per_class=count)
        else:
            folder = Path(data)
        labels = sorted(path for path in folder.iterdir() if path.is_dir())[:classes]
        return {
            label.name: [encoded(np.asarray(Image.open(file).convert("RGB"))) for file in some(label, count)]
            for label in labels
        }


def some(folder: Path, count: int) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in {".png", ".jpg", ".webp"})[
        :count
    ]


def encoded(pixels: np.ndarray[Any, Any]) -> str:
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "PNG")
    return base64.b64encode(data.getvalue()).decode()


if __name__ == "__main__":
    main()
