"""From a trained Keras model to a bundle that the browser opens."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pytrain import bundle
from pytrain.bundle import Bundle
from pytrain.errors import BrowserError, ExportError
from pytrain.export import chromium
from pytrain.export.answers import Threshold
from pytrain.export.contents import Facts, carry_report, keep_keras, write_contents, write_metadata
from pytrain.export.golden import golden_frames
from pytrain.export.source.check_images import CheckImage, Given, evenly, inputs_of, read_check_images
from pytrain.export.source.labels import check_labels
from pytrain.image import Frame

if TYPE_CHECKING:
    from pytrain.export.precision import Choice
    from pytrain.export.prepare import Adapted, Topologies
    from pytrain.export.source.load import Source

__all__ = ["Facts", "export"]

Say = Callable[[str], None]

LARGE_PARAMETERS = 1_000_000
"""A larger model is proven on one backend: without a graphics card the others take up to a minute."""

LARGE_BACKENDS = ("wasm",)

LARGE_IMAGES = 128
"""So many check images are enough for a larger model: then none of them may lose its answer."""


def export(
    model: Any,
    out: Path | str,
    *,
    labels: Sequence[str] | str | Path | None = None,
    weights: str = "auto",
    input_range: str | None = None,
    logits: bool = False,
    output: str | None = None,
    check: Given | Iterable[Given] | None = None,
    accept_loss: bool = False,
    verify: bool = True,
    golden: Sequence[tuple[Frame, str | None]] = (),
    facts: Facts | None = None,
    finish: Callable[[Path], None] | None = None,
    say: Say = lambda line: None,
) -> Bundle:
    """Writes a model as a bundle, proves it in TensorFlow.js, and puts it in place of the former one.

    Args:
        model: a built Keras model with one picture as its input, or the path of one: .keras, .h5, a
            SavedModel folder, a bundle.
        out: the bundle's folder, usually `exported_models/<name>`.
        labels: class names in the order of the model's outputs; "a,b,c" or the path of a file, one a line,
            will do. A bundle and a file beside labels.txt bring their own.
        weights: "float32", "float16", "uint8", or "auto" for the smallest that keeps 99.5 % of the answers.
        input_range: the pixel values that the model was trained on: "-1..1", "0..1", "0..255", "imagenet" or
            "caffe". Needed unless the model's first layers or its source tell.
        logits: the model gives logits; a softmax is added.
        output: the output that gives the probabilities, where there are several and none is called so. The
            others are kept in graph.json and model.keras. An output `known` [batch, 1] from 0 to 1 says how
            surely a picture shows one of the classes at all; `facts.calibration` may say that the answer
            `unknown` is told by it. An output `mask` [batch, side, side, 1 + classes] says of every place
            what it belongs to, the background first; the page lays it over the picture.
        check: images that smaller weights are measured on: folders, files, patterns or frames.
        accept_loss: take `weights` whatever it costs.
        verify: compare with TensorFlow.js before anything is replaced, where a browser or Node.js is there;
            models of over a million parameters on wasm, others on every backend.
        golden: (uint8 [height, width, 3] frame, label) pairs to prove the export with; 8 are kept. Without,
            check images or drawn ones are taken.
        facts: what metadata.json says of calibration, metrics, data and training.
        finish: called with the new folder while that is compared, before it is put in place.
        say: takes lines about what happens.

    Returns:
        The bundle as read back from disk.

    Raises:
        ExportError: the layers, input, output or labels cannot be exported, the input range is plainly not
            the model's, the weights lose too much, or TensorFlow.js disagrees.
        DataError: a check image is not there.
        BundleError: `out` holds something else, or the disk refused.
    """
    from pytrain.export.prepare import adapted, opened, topologies
    from pytrain.export.source.right_range import check_range

    target = Path(out)
    bundle.check_target(target)
    source = opened(model, say)
    if source.bundle is not None and input_range is not None:
        raise ExportError(
            f"The input range {input_range} came for a model that takes the contract's pictures already.",
            expected="a model's folder alone: what it learned from is known",
            fix="Leave --input-range out, or export the .keras file that it was made of.",
        )
    found = adapted(source, input_range, logits, output)
    say(f"  takes {found.lens.line()}; {found.classes} classes")
    names = _labels(labels, source, found.classes)
    images = read_check_images(check, say) if check is not None else []
    check_range(found, images, names, say)
    facts = facts or (Facts.of(source.bundle.metadata["pytrain"]) if source.bundle else Facts())
    threshold = _threshold(facts, found)
    frames = golden_frames(golden, images, names, source.bundle)

    written = topologies(found, say)
    browser = chromium.start() if verify else None
    with browser or nullcontext():
        choice = _weights(written, weights, images, threshold, accept_loss, say)
        say("Writing")
        with bundle.replacing(target) as folder:
            block = write_contents(folder, found, written, choice, frames, source, facts, names)
            # Saving the Keras model takes as much memory as it does.
            written.network = None
            write_metadata(folder, target.name, names, block)
            backends = LARGE_BACKENDS if written.parameters > LARGE_PARAMETERS else None
            with ThreadPoolExecutor(1) as pool:
                # The browser leaves a processor free meanwhile.
                comparing = pool.submit(_verified, folder, verify, backends, browser, say)
                keep_keras(source, found.kept, folder / bundle.KERAS_MODEL)
                if finish is not None:
                    finish(folder)
                elif source.bundle is not None:
                    carry_report(source.bundle.path, folder)
                record = comparing.result()
            write_metadata(folder, target.name, names, {**block, "verification": record})
    return bundle.read(target)


def _labels(given: Sequence[str] | str | Path | None, source: Source, classes: int) -> list[str]:
    labels = source.labels if given is None else given
    if labels is None:
        raise ExportError(
            "No labels came.",
            expected=f"{classes} names, one for each output of the model",
            fix="Add --labels with a,b,c or a file, one a line (in Python: labels=[...]).",
        )
    return check_labels(labels, classes)


def _threshold(facts: Facts, found: Adapted) -> Threshold:
    """When the answer is `unknown`; the model must give the score that it is told by."""
    threshold = Threshold.of(facts.calibration)
    if threshold.score not in bundle.SCORES:
        raise ExportError(f"The score {threshold.score!r} came.", expected=" or ".join(bundle.SCORES))
    if threshold.score == bundle.KNOWN and bundle.KNOWN not in found.outputs:
        raise ExportError(
            f"The score {bundle.KNOWN} came, and the model has no output {bundle.KNOWN}.",
            expected=f"one of the outputs {', '.join(found.outputs)}",
            fix='Name it: keras.Model(inputs, {"probabilities": ..., "known": ...}).',
        )
    return threshold


def _weights(
    written: Topologies,
    wanted: str,
    images: Sequence[CheckImage],
    threshold: Threshold,
    accept_loss: bool,
    say: Say,
) -> Choice:
    from pytrain.export.precision import EXACT, choose

    if written.network is None and threshold.score == bundle.KNOWN:
        raise ExportError(
            f"The official converter wrote this model, without its output {bundle.KNOWN}.",
            expected=f"layers of the table in docs/layers.md, or the score {bundle.MAX_PROBABILITY}",
        )
    if written.network is None:
        if wanted not in ("auto", EXACT.dtype):
            raise ExportError(
                f"The official converter wrote this model, so its weights cannot become {wanted}.",
                expected="float32",
                fix="Leave --weights out.",
            )
        return EXACT
    say("Weights")
    if written.parameters > LARGE_PARAMETERS:
        images = evenly(images, LARGE_IMAGES)
    return choose(
        written.network,
        wanted,
        inputs_of(images) if images and wanted != EXACT.dtype else None,
        threshold=threshold,
        accept_loss=accept_loss,
        run=written.evaluator,
        say=say,
    )


def _verified(
    folder: Path, wanted: bool, backends: Sequence[str] | None, browser: chromium.Browser | None, say: Say
) -> dict[str, Any]:
    """Compares the new bundle with TensorFlow.js where that can be; gives what metadata.json keeps of it."""
    from pytrain.export.verify import verify

    if not wanted:
        return {"checked": False, "why": "not asked for"}
    say("Comparing with TensorFlow.js")
    try:
        result = verify(folder, backends, browser)
    except BrowserError as error:
        say(f"Not compared with TensorFlow.js: {error}")
        return {"checked": False, "why": error.what}
    result.require()
    for line in result.lines():
        say(line)
    if backends is not None:
        say(f"  A large model: only {', '.join(backends)} was tried. All backends: pytrain verify")
    return result.as_json()


class _Export(ModuleType):
    """Makes this module callable.

    `pytrain.export` is both a function that people call and, because Python puts every imported submodule
    into its package, this module. As the module is the function, it does not matter who imported what first:
    `pytrain.export(model, ...)`, `pytrain.export.verify` and `from pytrain.export import export` all work.
    """

    __call__ = staticmethod(export)


sys.modules[__name__].__class__ = _Export
