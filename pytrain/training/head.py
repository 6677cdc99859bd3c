"""Fits the last layer of a transfer model: regression on embeddings, dearer where views differ.

Of few pictures, least squares tell more than softmax regression: half a point with a dozen of a class, on
nine sets. Of many, both tell the same, and softmax regression needs less memory.

How an embedding changes when its picture is cropped, turned or lit otherwise tells nothing about the class.
So besides the usual L2 penalty, weights along these changes cost extra, which does what training on all the
views does (Leen, From data distributions to regularization in invariant learning, 1995), and leaves the
pictures themselves to speak.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve, solve_triangular
from scipy.optimize import minimize
from scipy.special import log_softmax

from pytrain.model.imagenet_groups import GROUP_LEVEL
from pytrain.training.ahead import ahead
from pytrain.training.feature_cache import Features

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]

STRAYING = 100.0
"""How much dearer weights are along the changes of views; 30 to 300 do about as well."""

MOST_STRAYS = 200
"""Differences between a picture and its view that are looked at."""

CHUNK = 256
"""Embeddings that are worked on together: what fits in a processor's cache is three times as quick."""

READ_AHEAD = 3
"""Chunks that are read while others are worked on; each takes some megabytes."""

FEW = 2000
"""Up to so many, rows are described by as many coordinates as there are rows, which is quicker."""

RIDGE = 1e-4
"""Added to the rows' products: identical rows span fewer dimensions than there are rows."""

SQUARES_PENALTY = 3.0
"""Of least squares at strength 1; a third or three times as much does about as well."""

SHARPNESS = 10.0
"""What least squares are asked to say of the right class; as logits, that needs a temperature of about 1."""

STOP = {"maxiter": 200, "gtol": 1e-5, "ftol": 1e-7}


@dataclass(frozen=True)
class Emphasis:
    """Which parts of an embedding count how much.

    Attributes:
        levels: weights of the last features, of those of the earlier stage and of ImageNet's groups, once all
            have the same size.
        places: whether it counts where in the picture something is, or only that it is there.
    """

    levels: tuple[float, ...]
    places: bool


EMPHASIS = Emphasis((1.0, 0.8, 0.8), True)
"""What heads are fitted with. Things that ImageNet knows are told best by its groups, drawn signs by the
earlier features and their places. Choosing other weights by cross-validation is no better with a dozen
pictures of a class: small differences are luck."""

WITHOUT_GROUPS = Emphasis((1.0, 0.8, 0.0), True)
"""What tells whether a picture is of any class: with groups, blurred pictures of strange things more often
passed for one."""

EMPHASES = (
    Emphasis((1.0, 0.8), True),
    Emphasis((1.0, 0.4), True),
    Emphasis((1.0, 0.0), True),
    Emphasis((0.0, 1.0), True),
    Emphasis((1.0, 0.6), False),
    Emphasis((1.0, 0.0), False),
)
"""What is chosen from where there are no groups, as in the page."""


@dataclass(frozen=True)
class Scaling:
    """Centres embeddings and gives their parts the sizes wanted; on average they have length 1 then.

    The four cells are first turned into their mean and three differences, so that each can have its own size.

    Attributes:
        mean: float32 [width], of embeddings.
        kept: int64 [n], numbers of the turned embedding that count at all.
        scale: float32 [n], of those.
        cells: how many numbers of an embedding come from the cells.
    """

    mean: Floats
    kept: Indices
    scale: Floats
    cells: int

    def __call__(self, embeddings: Floats) -> Floats:
        """float32 [rows, n]."""
        return self.moved(embeddings - self.mean)

    def moved(self, differences: Floats) -> Floats:
        """The same for differences of embeddings, which have no place to be centred."""
        return turned(differences, self.cells)[:, self.kept] * self.scale

    def back(self, kernel: Floats) -> Floats:
        """Weights on embeddings that do what these do on scaled ones: float32 [width, outputs]."""
        whole = np.zeros((kernel.shape[1], len(self.mean)), np.float32)
        whole[:, self.kept] = kernel.T * self.scale
        # The turn is its own inverse.
        return turned(whole, self.cells).T

    def forth(self, kernel: Floats) -> Floats:
        """Weights on scaled embeddings that do what these do on embeddings, but for what is not kept."""
        return (turned(kernel.T, self.cells)[:, self.kept] / self.scale).T


def turned(embeddings: Floats, cells: int | None = None) -> Floats:
    """The four cells as their sum and three differences, halved (Hadamard), and the rest as it is.

    Args:
        embeddings: float32 [rows, width].
        cells: how many numbers come from the cells; all by default.

    Returns:
        float32 [rows, width].
    """
    cells = embeddings.shape[1] if cells is None else cells
    four = embeddings[:, :cells].reshape(len(embeddings), 4, cells // 4)
    upper, lower = four[:, 0] + four[:, 1], four[:, 2] + four[:, 3]
    left, right = four[:, 0] - four[:, 1], four[:, 2] - four[:, 3]
    parts = np.concatenate([upper + lower, upper - lower, left + right, left - right], axis=1)
    return np.concatenate([parts / np.float32(2), embeddings[:, cells:]], axis=1)


@dataclass(frozen=True)
class Part:
    """Some pictures, or one view of each."""

    features: Features
    pictures: Indices
    view: int = 0

    def __len__(self) -> int:
        return len(self.pictures)

    def chunk(self, start: int) -> Floats:
        """Embeddings from a place on: float32 [at most CHUNK, width]."""
        return self.features.read(self.pictures[start : start + CHUNK], self.view)


@dataclass(frozen=True)
class Few:
    """Rows as coordinates in the space that they span, where the penalty is the plain one.

    What a penalised regression learns is a sum of its rows (the representer theorem), so nothing is lost.

    Attributes:
        products: float64 [rows, rows], of the rows, shortened where weights are dear.
        rows: float32 [rows, width], scaled.
        strays: float32 [n, width], where weights are dear.
        taken: float32 [n, rows], how much of each stray is taken from a row to shorten it.
    """

    products: npt.NDArray[np.float64]
    rows: Floats
    strays: Floats
    taken: Floats

    @cached_property
    def coordinates(self) -> npt.NDArray[np.float64]:
        """float64 [rows, rows], lower triangular; times itself, the products."""
        return np.asarray(np.linalg.cholesky(self.products), np.float64)

    def kernel(self, kernel: Floats) -> Floats:
        """Weights on scaled embeddings that do what these do on coordinates: float32 [width, outputs]."""
        return self.summed(
            solve_triangular(self.coordinates, kernel.astype(np.float64), lower=True, trans="T")
        )

    def summed(self, shares: npt.NDArray[np.float64]) -> Floats:
        """Weights on scaled embeddings from how much of each row they have: float32 [width, outputs]."""
        small = shares.astype(np.float32)
        weights: Floats = self.rows.T @ small - self.strays.T @ (self.taken @ small)
        return weights


class Rows:
    """Embeddings as they are, read anew from disk a chunk at a time whenever they are gone through."""

    def __init__(self, parts: Sequence[Part], scaling: Scaling) -> None:
        self._parts, self._scaling = parts, scaling
        self._few: Few | None = None

    def __len__(self) -> int:
        return sum(len(part) for part in self._parts)

    def __iter__(self) -> Iterator[Floats]:
        chunks = ((part, start) for part in self._parts for start in range(0, len(part), CHUNK))
        return ahead(lambda chunk: chunk[0].chunk(chunk[1]), chunks, READ_AHEAD)

    def few(self, strays: Floats) -> Few:
        """The scaled rows' coordinates, where there are few of them."""
        if self._few is None:
            x = np.concatenate([self._scaling(chunk) for chunk in self])
            across = strays @ x.T
            # The inverse of the penalty's matrix, times the rows (Woodbury).
            inner = strays @ strays.T + np.eye(len(strays), dtype=np.float32) * (len(strays) / STRAYING)
            taken = np.linalg.solve(inner, across)
            products = (x @ x.T - across.T @ taken).astype(np.float64)
            products = (products + products.T) / 2 + np.eye(len(x)) * RIDGE
            self._few = Few(products, x, strays, taken)
        return self._few


@dataclass(frozen=True)
class Head:
    """A Dense layer on embeddings: kernel float32 [features, outputs], bias float32 [outputs]."""

    kernel: Floats
    bias: Floats

    def logits(self, embeddings: Floats) -> Floats:
        """float32 [n, outputs]."""
        return embeddings @ self.kernel + self.bias

    def __truediv__(self, temperature: float) -> Head:
        """The head whose logits are divided by a temperature."""
        return Head(self.kernel / np.float32(temperature), self.bias / np.float32(temperature))


@dataclass(frozen=True)
class Spread:
    """How some embeddings lie, from which scalings are made.

    Attributes:
        mean: float32 [width], of embeddings.
        variance: float64 [width], of turned ones.
        strays: float32 [n, width], from pictures to their views.
        level_of: int64 [width], which level each number comes from.
    """

    mean: Floats
    variance: npt.NDArray[np.float64]
    strays: Floats
    level_of: Indices

    @property
    def cells(self) -> int:
        """How many numbers of an embedding come from the cells."""
        return _cells(self.level_of)

    def scaling(self, emphasis: Emphasis) -> tuple[Scaling, Floats]:
        """The scaling of an emphasis, and scaled strays, float32 [n, kept] of mean length 1."""
        counted = np.asarray(emphasis.levels)[self.level_of]
        if not emphasis.places:
            counted[self.cells // 4 : self.cells] = 0
        kept = np.flatnonzero(counted)
        sizes = np.bincount(self.level_of[kept], self.variance[kept])[self.level_of[kept]]
        weights = [emphasis.levels[level] for level in np.unique(self.level_of[kept])]
        scale = counted[kept] / np.linalg.norm(weights) / np.sqrt(np.maximum(sizes, 1e-12))
        scaling = Scaling(self.mean, kept, scale.astype(np.float32), self.cells)
        strays = scaling.moved(self.strays)
        return scaling, strays / np.float32(max(1e-6, np.sqrt((strays**2).sum(1).mean()))) if len(
            strays
        ) else strays


def spread_of(
    features: Features,
    pictures: Indices,
    level_of: Indices,
    views: Sequence[int] | None = None,
    seed: int = 0,
) -> Spread:
    """Looks at the embeddings of some pictures and of these views of them; of all by default."""
    views = range(1, features.views + 1) if views is None else views
    count, total, squares = 0, np.zeros(features.width), np.zeros(features.width)
    for start in range(0, len(pictures), CHUNK):
        read = features.read(pictures[start : start + CHUNK])
        count, total = count + len(read), total + read.sum(0, dtype=np.float64)
        squares += (turned(read, _cells(level_of)).astype(np.float64) ** 2).sum(0)
    mean = (total / count).astype(np.float32)
    variance = np.maximum(
        squares / count - turned(mean[None], _cells(level_of))[0].astype(np.float64) ** 2, 0
    )
    return Spread(mean, variance, _strays(features, pictures, views, seed), level_of)


def _cells(level_of: Indices) -> int:
    return int((level_of != GROUP_LEVEL).sum())


def _strays(features: Features, pictures: Indices, views: Sequence[int], seed: int) -> Floats:
    if not views:
        return np.empty((0, features.width), np.float32)
    draw = np.random.default_rng(seed)
    count = min(MOST_STRAYS, len(pictures) * len(views))
    chosen = draw.choice(len(pictures) * len(views), count, replace=False)
    numbers = pictures[chosen // len(views)]
    return features.read(numbers, np.asarray(views)[chosen % len(views)]) - features.read(numbers)


def fit(
    rows: Rows,
    targets: Floats,
    weights: Floats,
    strength: float,
    scaling: Scaling,
    strays: Floats,
    start: Head | None = None,
) -> Head:
    """Softmax regression by L-BFGS; memory stays flat however many rows there are.

    Args:
        rows: what is learned from.
        targets: float32 [rows, classes], what the softmax should say.
        weights: float32 [rows], how much each counts.
        strength: how much the rows count against the penalty (scikit-learn's C).
        scaling: that of the rows.
        strays: directions in which weights are dear.
        start: a head fitted to nearly the same rows, from which many take fewer rounds.
    """
    size = 1 / (strength * float(weights.sum()))
    if len(rows) <= FEW:
        few = rows.few(strays)
        kernel, bias = _fit([few.coordinates.astype(np.float32)], targets, weights, size, strays[:0], None)
        kernel = few.kernel(kernel)
    else:
        begin = None
        if start is not None:
            begin = scaling.forth(start.kernel), start.bias + scaling.mean @ start.kernel
        kernel, bias = _fit(rows, targets, weights, size, strays, scaling, begin)
    kernel = scaling.back(kernel)
    return Head(kernel, bias - scaling.mean @ kernel)


def fit_squares(
    rows: Rows, targets: Floats, weights: Floats, strength: float, scaling: Scaling, strays: Floats
) -> Head:
    """Ridge regression on the targets, solved at once; for few rows. Arguments as in `fit`."""
    few = rows.few(strays)
    penalty = np.diag(SQUARES_PENALTY / strength / weights.astype(np.float64))
    # The last column is for the bias, which costs nothing.
    asked = np.column_stack([targets * np.float64(SHARPNESS), np.ones(len(targets))])
    solved = cho_solve(cho_factor(few.products + penalty), asked)
    bias = solved[:, :-1].sum(0) / solved[:, -1].sum()
    shares = solved[:, :-1] - solved[:, -1:] * bias
    kernel = scaling.back(few.summed(shares))
    return Head(kernel, bias.astype(np.float32) - scaling.mean @ kernel)


def _fit(
    chunks: Iterable[Floats],
    targets: Floats,
    weights: Floats,
    size: float,
    strays: Floats,
    scaling: Scaling | None,
    begin: tuple[Floats, Floats] | None = None,
) -> tuple[Floats, Floats]:
    """Kernel and bias with the least mean cross entropy plus penalty.

    Both are for scaled chunks. As scaling is linear, it is done to the kernel and, the other way, to its
    gradient: the chunks, which are much larger, stay as they are.
    """
    width = len(scaling.kept) if scaling is not None else next(iter(chunks)).shape[1]
    classes = targets.shape[1]
    shares = (weights / weights.sum())[:, None].astype(np.float32)

    def loss(flat: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        kernel, bias = _parts(flat.astype(np.float32), width, classes)
        value, to_kernel, to_bias = _penalty(kernel, strays, size)
        if scaling is not None:
            kernel = scaling.back(kernel)
            bias = bias - scaling.mean @ kernel
        to_chunks = np.zeros_like(kernel.T, order="C")
        at = 0
        for chunk in chunks:
            here = slice(at, at + len(chunk))
            at += len(chunk)
            said = log_softmax(chunk @ kernel + bias, axis=1)
            value -= float((shares[here] * targets[here] * said).sum())
            wrong = shares[here] * (np.exp(said) - targets[here])
            to_chunks += wrong.T @ chunk
            to_bias += wrong.sum(0)
        if scaling is not None:
            to_chunks = scaling.moved(to_chunks - to_bias[:, None] * scaling.mean)
        to_kernel += to_chunks.T
        return value, np.concatenate([to_kernel.ravel(), to_bias]).astype(np.float64)

    begin = begin or (np.zeros((width, classes), np.float32), np.zeros(classes, np.float32))
    start = np.concatenate([begin[0].ravel(), begin[1]]).astype(np.float64)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options=STOP)
    return _parts(found.x.astype(np.float32), width, classes)


def _parts(flat: Floats, width: int, classes: int) -> tuple[Floats, Floats]:
    return flat[: width * classes].reshape(width, classes), flat[width * classes :]


def _penalty(kernel: Floats, strays: Floats, size: float) -> tuple[float, Floats, Floats]:
    """Its value and its gradients; the bias costs nothing."""
    dear: Floats = kernel.copy()
    if len(strays):
        dear += (strays.T @ (strays @ kernel)) * np.float32(STRAYING / len(strays))
    return 0.5 * size * float((kernel * dear).sum()), np.float32(size) * dear, np.zeros_like(kernel[0])
