"""Small models for every row of the tables of layers, over their options: what parity is tested on."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from known_heads import HEADS, two_outputs

from pytrain.model.backend import keras

SHAPE = (9, 8, 3)
"""Height, width and channels of most inputs: one size odd, one even."""

HEAD_SIDE = 72
"""Height and width of the pictures that a score `known` is made for."""

Block = Callable[[Any, Any], Any]
"""Takes keras.layers and the input's tensor, gives a tensor or several."""

Values = np.ndarray[Any, np.dtype[np.float32]]


@dataclass(frozen=True)
class Case:
    """One small model.

    Attributes:
        id: unique, short enough for a test's name.
        layer: the Keras class that it is about: a row of the table of layers or of operations.
        options: what of it, in words of Keras's arguments.
        make: makes the model; `build` also gives it weights, always the same.
        only_graph: whether the layers format cannot carry it.
        shape: of the input, without the batch.
    """

    layer: str
    options: str
    make: Callable[[], Any] = field(repr=False)
    only_graph: bool = False
    shape: tuple[int, int, int] = SHAPE

    @property
    def id(self) -> str:
        return f"{self.layer} {self.options}".strip()

    def build(self) -> Any:
        keras.utils.set_random_seed(7)
        model = self.make()
        randomise(model, self.id)
        return model

    def inputs(self, batch: int = 2) -> Values:
        """float32 [batch, height, width, channels] that reaches every bend of every activation."""
        generator = np.random.default_rng(zlib.crc32(self.id.encode()))
        return generator.normal(0.0, 2.0, (batch, *self.shape)).astype(np.float32)


def randomise(model: Any, seed: str) -> None:
    """Gives every weight a value that shows when it is lost, and statistics that are not those of a start."""
    generator = np.random.default_rng(zlib.crc32(seed.encode()))
    for layer in model._flatten_layers(recursive=True, include_self=False):
        for variable in layer.variables:
            if isinstance(layer, keras.Model) or "seed" in variable.path or variable.dtype.startswith("uint"):
                continue
            name, shape = variable.name, tuple(variable.shape)
            if name in ("moving_variance", "variance", "gamma", "scale"):
                values = generator.uniform(0.5, 1.5, shape)
            elif name in ("moving_mean", "mean", "beta", "bias", "alpha"):
                values = generator.normal(0.0, 0.5, shape)
            elif name.endswith("kernel"):
                # So that what comes out is about as large as what goes in.
                values = generator.normal(0.0, 1 / np.sqrt(max(np.prod(shape[:-1]), 1)), shape)
            else:
                continue
            variable.assign(values)
            if hasattr(layer, "finalize_state"):
                layer.finalize_state()


def of(block: Block, shape: tuple[int, int, int] = SHAPE) -> Callable[[], Any]:
    """A functional model around a block."""

    def make() -> Any:
        entry = keras.Input(shape)
        return keras.Model(entry, block(keras.layers, entry))

    return make


def case(
    layer: str, options: str, block: Block, shape: tuple[int, int, int] = SHAPE, only_graph: bool = False
) -> Case:
    return Case(layer, options, of(block, shape), only_graph, shape)


def text(**options: Any) -> str:
    return " ".join(f"{name}={value}".replace(" ", "") for name, value in options.items())


def _convolutions() -> Iterator[Case]:
    for kernel, strides, padding, shape in itertools.product(
        ((3, 3), (2, 2), (1, 1), (5, 2)), (1, 2), ("same", "valid"), ((9, 8, 3), (8, 9, 3))
    ):
        options: dict[str, Any] = {"kernel_size": kernel, "strides": strides, "padding": padding}
        size = f"{shape[0]}x{shape[1]}"
        yield case(
            "Conv2D",
            f"{text(**options)} {size}",
            lambda k, x, options=options: k.Conv2D(4, **options)(x),
            shape,
        )
        if kernel != (1, 1):
            yield case(
                "DepthwiseConv2D",
                f"{text(**options)} {size}",
                lambda k, x, options=options: k.DepthwiseConv2D(**options)(x),
                shape,
            )
    for strides in (1, 2):
        for padding in ("same", "valid"):
            options = {"kernel_size": 3, "strides": strides, "padding": padding}
            yield case(
                "SeparableConv2D",
                text(**options),
                lambda k, x, options=options: k.SeparableConv2D(4, depth_multiplier=2, **options)(x),
            )
    for rate in (2, (1, 2), 3):
        for padding in ("same", "valid"):
            options = {"dilation_rate": rate, "padding": padding}
            yield case("Conv2D", text(**options), lambda k, x, options=options: k.Conv2D(4, 3, **options)(x))
    for padding in ("same", "valid"):
        options = {"dilation_rate": 2, "padding": padding}
        yield case(
            "DepthwiseConv2D",
            text(**options),
            lambda k, x, options=options: k.DepthwiseConv2D(3, **options)(x),
        )
        yield case(
            "SeparableConv2D",
            text(**options),
            lambda k, x, options=options: k.SeparableConv2D(4, 3, **options)(x),
        )
    yield case("Conv2D", "strides=(2,1)", lambda k, x: k.Conv2D(4, 3, strides=(2, 1), padding="same")(x))
    yield case("Conv2D", "strides=3", lambda k, x: k.Conv2D(4, 2, strides=3, padding="same")(x))
    yield case("Conv2D", "use_bias=False", lambda k, x: k.Conv2D(4, 3, use_bias=False)(x))
    yield case("Conv2D", "kernel_size=(9,8) all", lambda k, x: k.Conv2D(4, (9, 8))(x))
    for groups in (2, 3, 6):
        yield case(
            "Conv2D",
            f"groups={groups} of 6",
            lambda k, x, groups=groups: k.Conv2D(12, 3, groups=groups, padding="same", strides=2)(x),
            (9, 8, 6),
        )
    yield case("Conv2D", "groups=1 of 1", lambda k, x: k.Conv2D(4, 3, groups=1)(x), (9, 8, 1))
    for activation in ("relu", "relu6", "softmax", "gelu", "hard_silu"):
        options = {"activation": activation}
        yield case("Conv2D", text(**options), lambda k, x, options=options: k.Conv2D(4, 3, **options)(x))
    yield case(
        "DepthwiseConv2D", "depth_multiplier=2", lambda k, x: k.DepthwiseConv2D(3, depth_multiplier=2)(x)
    )
    yield case(
        "DepthwiseConv2D", "activation=relu6", lambda k, x: k.DepthwiseConv2D(3, activation="relu6")(x)
    )
    yield case("DepthwiseConv2D", "use_bias=False", lambda k, x: k.DepthwiseConv2D(3, use_bias=False)(x))
    yield case("SeparableConv2D", "activation=elu", lambda k, x: k.SeparableConv2D(4, 3, activation="elu")(x))
    for kernel, strides, padding in itertools.product((2, 3, 4, (3, 1)), (1, 2, 3), ("same", "valid")):
        options = {"kernel_size": kernel, "strides": strides, "padding": padding}
        yield case(
            "Conv2DTranspose",
            text(**options),
            lambda k, x, options=options: k.Conv2DTranspose(4, activation="relu", **options)(x),
            (4, 5, 3),
        )
    # TensorFlow itself cannot compute every combination on a CPU.
    for kernel, padding, output_padding in (
        *itertools.product((3,), ("same", "valid"), (0, 1)),
        (4, "valid", 0),
        (4, "valid", 1),
        (4, "same", 1),
        (2, "valid", 1),
    ):
        options = {"kernel_size": kernel, "padding": padding, "output_padding": output_padding}
        yield case(
            "Conv2DTranspose",
            text(**options),
            lambda k, x, options=options: k.Conv2DTranspose(4, strides=2, **options)(x),
            (4, 5, 3),
        )
    yield case("Conv2DTranspose", "use_bias=False", lambda k, x: k.Conv2DTranspose(4, 3, use_bias=False)(x))


def _dense() -> Iterator[Case]:
    yield case("Dense", "on [c]", lambda k, x: k.Dense(5)(k.Flatten()(x)))
    yield case("Dense", "on [h, w, c]", lambda k, x: k.Dense(5)(x))
    yield case("Dense", "on [n, c]", lambda k, x: k.Dense(5, activation="relu")(k.Reshape((24, 9))(x)))
    yield case("Dense", "use_bias=False", lambda k, x: k.Dense(5, use_bias=False)(k.Flatten()(x)))
    for activation in ("relu", "relu6", "softmax", "sigmoid", "tanh", "swish"):
        options = {"activation": activation}
        yield case(
            "Dense", text(**options), lambda k, x, options=options: k.Dense(5, **options)(k.Flatten()(x))
        )
    yield case("Flatten", "", lambda k, x: k.Flatten()(x))
    yield case("Flatten", "of a vector", lambda k, x: k.Flatten()(k.GlobalAveragePooling2D()(x)))


ACTIVATIONS = (
    *("celu", "elu", "gelu", "hard_shrink", "hard_sigmoid", "hard_silu", "hard_tanh", "leaky_relu"),
    *("linear", "log_sigmoid", "log_softmax", "mish", "relu", "relu6", "selu", "sigmoid", "silu"),
    *(
        "soft_shrink",
        "softmax",
        "softplus",
        "softsign",
        "sparse_plus",
        "sparse_sigmoid",
        "tanh",
        "tanh_shrink",
    ),
)
ONLY_GRAPH_ACTIVATIONS = ("exponential", "squareplus")


def _activations() -> Iterator[Case]:
    for name in (*ACTIVATIONS, *ONLY_GRAPH_ACTIVATIONS):
        shape = (9, 8, 4)
        yield case(
            "Activation",
            name,
            # Behind something, so that "linear" is not a model that does nothing.
            lambda k, x, name=name: k.Activation(name)(k.ZeroPadding2D(((0, 1), (0, 0)))(x)),
            shape,
            name in ONLY_GRAPH_ACTIVATIONS,
        )
    relus: tuple[dict[str, Any], ...] = (
        {},
        {"max_value": 6},
        {"max_value": 1.5},
        {"negative_slope": 0.1},
        {"threshold": 0.7},
        {"threshold": 0.7, "max_value": 2.0},
        {"negative_slope": 0.1, "threshold": 0.5, "max_value": 3.0},
        {"negative_slope": 0.1, "max_value": 6.0},
    )
    for options in relus:
        yield case("ReLU", text(**options), lambda k, x, options=options: k.ReLU(**options)(x))
    yield case("LeakyReLU", "", lambda k, x: k.LeakyReLU()(x))
    yield case("LeakyReLU", "negative_slope=0.01", lambda k, x: k.LeakyReLU(negative_slope=0.01)(x))
    yield case("PReLU", "", lambda k, x: k.PReLU()(x))
    yield case("PReLU", "shared_axes=[1,2]", lambda k, x: k.PReLU(shared_axes=[1, 2])(x))
    yield case("PReLU", "shared_axes=[1]", lambda k, x: k.PReLU(shared_axes=[1])(x))
    yield case("PReLU", "of a vector", lambda k, x: k.PReLU()(k.Flatten()(x)))
    yield case("ELU", "", lambda k, x: k.ELU()(x))
    yield case("ELU", "alpha=0.3", lambda k, x: k.ELU(alpha=0.3)(x))
    yield case("Softmax", "", lambda k, x: k.Softmax()(k.Flatten()(x)))
    for axis in (-1, 1, 2, (1, 2), (2, 3)):
        yield case("Softmax", text(axis=axis), lambda k, x, axis=axis: k.Softmax(axis=axis)(x))


def _pooling() -> Iterator[Case]:
    for name, padding, (pool, strides), shape in itertools.product(
        ("MaxPooling2D", "AveragePooling2D"),
        ("same", "valid"),
        ((2, None), (3, 2), (3, 1), ((2, 3), (1, 2))),
        ((9, 8, 3), (8, 9, 3)),
    ):
        options = {"pool_size": pool, "strides": strides, "padding": padding}
        yield case(
            name,
            f"{text(**options)} {shape[0]}x{shape[1]}",
            lambda k, x, name=name, options=options: getattr(k, name)(**options)(x),
            shape,
        )
    yield case("MaxPooling2D", "strides beyond the pool", lambda k, x: k.MaxPooling2D(1, strides=2)(x))
    for name in ("GlobalMaxPooling2D", "GlobalAveragePooling2D"):
        for keepdims in (False, True):
            yield case(
                name,
                text(keepdims=keepdims),
                lambda k, x, name=name, keepdims=keepdims: getattr(k, name)(keepdims=keepdims)(x),
            )
    yield case("AdaptiveAveragePooling2D", "divides", lambda k, x: k.AdaptiveAveragePooling2D((3, 4))(x))
    yield case("AdaptiveAveragePooling2D", "overlaps", lambda k, x: k.AdaptiveAveragePooling2D((4, 3))(x))
    yield case("AdaptiveMaxPooling2D", "divides", lambda k, x: k.AdaptiveMaxPooling2D((3, 2))(x))


def _merging() -> Iterator[Case]:
    for name in ("Add", "Multiply", "Subtract", "Average", "Maximum", "Minimum"):
        merge = lambda k, name=name: getattr(k, name)()  # noqa: E731
        yield case(name, "two", lambda k, x, merge=merge: merge(k)([x, k.Conv2D(3, 1)(x)]))
        yield case(
            name,
            "broadcast [1, 1, c]",
            lambda k, x, merge=merge: merge(k)([x, k.GlobalAveragePooling2D(keepdims=True)(x)]),
        )
        if name != "Subtract":
            yield case(
                name,
                "three",
                lambda k, x, merge=merge: merge(k)([x, k.Conv2D(3, 1)(x), k.MaxPooling2D(3, 1, "same")(x)]),
            )
    yield case("Multiply", "broadcast [c]", lambda k, x: k.Multiply()([x, k.GlobalAveragePooling2D()(x)]))
    yield case("Multiply", "by itself", lambda k, x: k.Multiply()([x, x]))
    yield case("Multiply", "broadcast [h, w, 1]", lambda k, x: k.Multiply()([x, k.Conv2D(1, 1)(x)]))
    yield case("Concatenate", "axis=-1", lambda k, x: k.Concatenate()([x, k.Conv2D(2, 1)(x)]))
    for axis in (1, 2):
        yield case(
            "Concatenate",
            text(axis=axis),
            lambda k, x, axis=axis: k.Concatenate(axis=axis)([x, k.Conv2D(3, 1)(x), x]),
        )
    yield case(
        "Concatenate",
        "of vectors",
        lambda k, x: k.Concatenate()([k.GlobalAveragePooling2D()(x), k.GlobalMaxPooling2D()(x)]),
    )


def _shapes() -> Iterator[Case]:
    yield case("Reshape", "target_shape=(8,27)", lambda k, x: k.Reshape((8, 27))(x))
    yield case("Reshape", "target_shape=(-1,3)", lambda k, x: k.Reshape((-1, 3))(x))
    yield case("Reshape", "twice", lambda k, x: k.Reshape((4, 9, 6))(k.Reshape((8, 27))(x)))
    for dims in ((2, 1, 3), (3, 1, 2), (3, 2, 1)):
        yield case("Permute", text(dims=dims), lambda k, x, dims=dims: k.Permute(dims)(x))
    yield case("Permute", "of a matrix", lambda k, x: k.Permute((2, 1))(k.Reshape((-1, 3))(x)))
    yield case("RepeatVector", "n=3", lambda k, x: k.RepeatVector(3)(k.GlobalAveragePooling2D()(x)))
    for padding in (1, (2, 0), ((0, 1), (2, 3))):
        yield case(
            "ZeroPadding2D", text(padding=padding), lambda k, x, padding=padding: k.ZeroPadding2D(padding)(x)
        )
        yield case(
            "Cropping2D", text(cropping=padding), lambda k, x, padding=padding: k.Cropping2D(padding)(x)
        )
    for layer, padding, kernel, strides, shape in (
        ("Conv2D", ((0, 1), (0, 1)), 3, 2, (8, 8, 3)),
        ("Conv2D", ((0, 1), (0, 1)), 3, 2, (9, 8, 3)),
        ("Conv2D", 1, 3, 1, (9, 8, 3)),
        ("Conv2D", 3, 7, 2, (9, 8, 3)),
        ("DepthwiseConv2D", ((0, 1), (0, 1)), 3, 2, (8, 8, 3)),
        ("DepthwiseConv2D", 2, 5, 1, (9, 8, 3)),
        ("DepthwiseConv2D", ((1, 0), (1, 0)), 3, 2, (8, 8, 3)),
    ):
        options = {"kernel_size": kernel, "strides": strides}
        yield case(
            "ZeroPadding2D",
            f"{text(padding=padding)} in front of {layer} {text(**options)} {shape[0]}x{shape[1]}",
            lambda k, x, layer=layer, padding=padding, options=options: (
                k.Conv2D(4, **options) if layer == "Conv2D" else k.DepthwiseConv2D(**options)
            )(k.ZeroPadding2D(padding)(x)),
            shape,
        )


def _sizes() -> Iterator[Case]:
    for size in (2, (3, 1)):
        for interpolation in ("nearest", "bilinear"):
            options = {"size": size, "interpolation": interpolation}
            yield case(
                "UpSampling2D", text(**options), lambda k, x, options=options: k.UpSampling2D(**options)(x)
            )
    yield case(
        "UpSampling2D", "interpolation=bicubic", lambda k, x: k.UpSampling2D(2, interpolation="bicubic")(x)
    )
    for interpolation, antialias, size in itertools.product(
        ("bilinear", "nearest", "bicubic", "lanczos3", "lanczos5"), (False, True), ((5, 6), (14, 11))
    ):
        if antialias and interpolation in ("nearest", "lanczos5"):
            continue
        options = {"interpolation": interpolation, "antialias": antialias}
        yield case(
            "Resizing",
            f"{size[0]}x{size[1]} {text(**options)}",
            lambda k, x, size=size, options=options: k.Resizing(*size, **options)(x),
        )
    for fit, size, shape in itertools.product(
        ("crop_to_aspect_ratio", "pad_to_aspect_ratio"), ((6, 6), (13, 4)), ((9, 8, 3), (5, 12, 3))
    ):
        yield case(
            "Resizing",
            f"{shape[0]}x{shape[1]} to {size[0]}x{size[1]} {fit}",
            lambda k, x, fit=fit, size=size: k.Resizing(*size, **{fit: True})(x),
            shape,
        )
    yield case(
        "Resizing",
        "pad_to_aspect_ratio fill_value=0.5",
        lambda k, x: k.Resizing(6, 6, pad_to_aspect_ratio=True, fill_value=0.5)(x),
        (5, 12, 3),
    )
    yield case("Resizing", "the same size", lambda k, x: k.ReLU()(k.Resizing(9, 8)(x)))
    for size in ((4, 4), (5, 7), (9, 3), (12, 5), (12, 12)):
        yield case("CenterCrop", f"{size[0]}x{size[1]}", lambda k, x, size=size: k.CenterCrop(*size)(x))


def _normalisation() -> Iterator[Case]:
    yield case("BatchNormalization", "alone", lambda k, x: k.BatchNormalization()(x))
    for name, before in (
        ("Conv2D", lambda k: k.Conv2D(4, 3)),
        ("DepthwiseConv2D", lambda k: k.DepthwiseConv2D(3, depth_multiplier=2, use_bias=False)),
        ("SeparableConv2D", lambda k: k.SeparableConv2D(4, 3)),
        ("Conv2DTranspose", lambda k: k.Conv2DTranspose(4, 3, strides=2)),
    ):
        yield case(
            "BatchNormalization",
            f"behind {name}",
            lambda k, x, before=before: k.ReLU(6.0)(k.BatchNormalization()(before(k)(x))),
        )
        if name != "SeparableConv2D":
            for padding in ("same", "valid"):
                yield case(
                    "BatchNormalization",
                    f"in front of {name} {text(padding=padding)}",
                    lambda k, x, name=name, padding=padding: (
                        k.DepthwiseConv2D(3, padding=padding)
                        if name == "DepthwiseConv2D"
                        else getattr(k, name)(4, 3, padding=padding)
                    )(k.BatchNormalization()(x)),
                )
    yield case(
        "BatchNormalization",
        "between Dense",
        lambda k, x: k.Dense(3)(k.BatchNormalization()(k.Dense(5)(k.Flatten()(x)))),
    )
    yield case("BatchNormalization", "in front of Dense", lambda k, x: k.Dense(3)(k.BatchNormalization()(x)))
    yield case(
        "BatchNormalization",
        "behind an activation",
        lambda k, x: k.BatchNormalization()(k.Conv2D(4, 3, activation="relu")(x)),
    )
    yield case("BatchNormalization", "two readers before it", _two_readers)
    yield case("BatchNormalization", "read twice", _read_twice)
    yield case("BatchNormalization", "twice", lambda k, x: k.BatchNormalization()(k.BatchNormalization()(x)))
    for options in ({"center": False}, {"scale": False}, {"epsilon": 0.1}, {"axis": 1}, {"axis": 2}):
        yield case(
            "BatchNormalization",
            text(**options),
            lambda k, x, options=options: k.BatchNormalization(**options)(x),
        )
    options: dict[str, Any]
    for options in ({}, {"center": False}, {"scale": False}, {"epsilon": 0.1}):
        yield case(
            "LayerNormalization",
            text(**options),
            lambda k, x, options=options: k.LayerNormalization(**options)(x),
        )
    yield case("LayerNormalization", "of a vector", lambda k, x: k.LayerNormalization()(k.Flatten()(x)))
    for groups in (1, 2, 3, -1):
        yield case(
            "GroupNormalization",
            text(groups=groups),
            lambda k, x, groups=groups: k.GroupNormalization(groups)(x),
            (9, 8, 6),
        )
    yield case(
        "GroupNormalization",
        "center=False scale=False",
        lambda k, x: k.GroupNormalization(3, center=False, scale=False)(x),
    )
    yield case("RMSNormalization", "", lambda k, x: k.RMSNormalization()(x))
    yield case("UnitNormalization", "", lambda k, x: k.UnitNormalization()(x))
    yield case("UnitNormalization", "of a vector", lambda k, x: k.UnitNormalization()(k.Flatten()(x)))
    yield case("SpectralNormalization", "Conv2D", lambda k, x: k.SpectralNormalization(k.Conv2D(4, 3))(x))
    yield case("LayerScale", "", _layer_scale)
    yield case("CustomScaleLayer", "", _custom_scale)
    yield case("Rescaling", "scale", lambda k, x: k.Rescaling(1 / 127.5)(x))
    yield case("Rescaling", "offset", lambda k, x: k.Rescaling(0.5, offset=-1.0)(x))
    yield case("Rescaling", "vectors", lambda k, x: k.Rescaling([0.5, 2.0, 1.0], offset=[-1.0, 0.0, 1.0])(x))
    yield case(
        "Rescaling", "in front of Conv2D", lambda k, x: k.Conv2D(4, 3)(k.Rescaling(0.5, offset=-1.0)(x))
    )
    for invert in (False, True):
        yield case(
            "Normalization",
            text(invert=invert),
            lambda k, x, invert=invert: k.Normalization(
                mean=[0.1, 0.2, 0.3], variance=[1.0, 0.5, 2.0], invert=invert
            )(x),
        )
    yield case(
        "Normalization",
        "axis=None",
        lambda k, x: k.Normalization(axis=None, mean=0.3, variance=0.5)(x),
    )
    yield case("Normalization", "adapted", _adapted)


def _two_readers(k: Any, x: Any) -> Any:
    convolved = k.Conv2D(3, 3, padding="same")(x)
    return k.Add()([convolved, k.BatchNormalization()(convolved)])


def _read_twice(k: Any, x: Any) -> Any:
    normal = k.BatchNormalization()(k.Conv2D(3, 3, padding="same")(x))
    return k.Add()([k.ReLU()(normal), normal])


def _layer_scale(k: Any, x: Any) -> Any:
    from keras.src.applications.convnext import LayerScale

    return LayerScale(0.5, 3)(x)


def _custom_scale(k: Any, x: Any) -> Any:
    from keras.src.applications.inception_resnet_v2 import CustomScaleLayer

    return CustomScaleLayer(0.2)([x, k.Conv2D(3, 1)(x)])


def _adapted(k: Any, x: Any) -> Any:
    layer = k.Normalization()
    layer.adapt(np.random.default_rng(5).normal(1.0, 3.0, (16, *SHAPE)).astype(np.float32))
    return layer(x)


DROPPED: dict[str, tuple[Any, ...]] = {
    "ActivityRegularization": (0.1,),
    "AlphaDropout": (0.5,),
    "AugMix": (),
    "CutMix": (),
    "Dropout": (0.5,),
    "Equalization": (),
    "GaussianDropout": (0.5,),
    "GaussianNoise": (1.0,),
    "Identity": (),
    "MixUp": (),
    "RandAugment": (),
    "RandomBrightness": (0.5,),
    "RandomColorDegeneration": (0.5,),
    "RandomColorJitter": (),
    "RandomContrast": (0.5,),
    "RandomCrop": (9, 8),
    "RandomElasticTransform": (),
    "RandomErasing": (),
    "RandomFlip": (),
    "RandomGaussianBlur": (),
    "RandomGrayscale": (),
    "RandomHue": (0.5,),
    "RandomInvert": (),
    "RandomPerspective": (),
    "RandomPosterization": (3,),
    "RandomRotation": (0.5,),
    "RandomSaturation": (0.5,),
    "RandomSharpness": (0.5,),
    "RandomShear": (0.5, 0.5),
    "RandomTranslation": (0.5, 0.5),
    "RandomZoom": (0.5,),
    "Solarization": (),
    "SpatialDropout2D": (0.5,),
}
"""Layers that only train, and what they take."""


def _dropped() -> Iterator[Case]:
    for name, arguments in DROPPED.items():
        yield case(
            name,
            "",
            lambda k, x, name=name, arguments=arguments: k.ReLU()(getattr(k, name)(*arguments)(x)),
        )
    yield case("SpatialDropout1D", "", lambda k, x: k.SpatialDropout1D(0.5)(k.Reshape((-1, 3))(x)))
    yield case("SpatialDropout3D", "", lambda k, x: k.SpatialDropout3D(0.5)(k.Reshape((9, 8, 3, 1))(x)))
    yield case("StochasticDepth", "", _stochastic_depth)
    yield case(
        "Pipeline", "", lambda k, x: k.Pipeline([k.RandomFlip(), k.Rescaling(0.5), k.RandomZoom(0.2)])(x)
    )


def _stochastic_depth(k: Any, x: Any) -> Any:
    from keras.src.applications.convnext import StochasticDepth

    return k.Add()([x, StochasticDepth(0.5)(k.Conv2D(3, 1)(x))])


def _operations() -> Iterator[Case]:
    ops = keras.ops
    calls: tuple[tuple[str, str, Callable[[Any], Any]], ...] = (
        ("Add", "x + 3", lambda x: x + 3),
        ("Add", "3 + x", lambda x: 3 + x),
        ("Add", "a vector", lambda x: x + np.array([1.0, 2.0, 3.0], np.float32)),
        ("Add", "[1, 1, 1, c]", lambda x: ops.add(x, np.array([[[[1.0, 2.0, 3.0]]]], np.float32))),
        ("Add", "x + y", lambda x: x + ops.relu(x)),
        ("Subtract", "x - 3", lambda x: x - 3),
        ("Subtract", "3 - x", lambda x: 3 - x),
        ("Subtract", "x - y", lambda x: x - ops.relu(x)),
        ("Multiply", "x * (1 / 6)", lambda x: x * (1.0 / 6.0)),
        ("Multiply", "x * y", lambda x: x * ops.sigmoid(x)),
        ("Multiply", "a vector", lambda x: ops.multiply(x, np.array([1.0, -2.0, 3.0], np.float32))),
        ("TrueDivide", "x / 2", lambda x: x / 2),
        ("TrueDivide", "2 / x", lambda x: 2 / (ops.sigmoid(x) + 0.5)),
        ("TrueDivide", "x / y", lambda x: x / (ops.sigmoid(x) + 0.5)),
        ("Divide", "x / 2", lambda x: ops.divide(x, 2.0)),
        ("Maximum", "x, 0.5", lambda x: ops.maximum(x, 0.5)),
        ("Maximum", "x, y", lambda x: ops.maximum(x, x * 0.5)),
        ("Minimum", "x, 0.5", lambda x: ops.minimum(x, 0.5)),
        ("Power", "x ** 2", lambda x: x**2),
        ("Power", "x ** 0.5", lambda x: ops.sigmoid(x) ** 0.5),
        ("Negative", "", lambda x: -x),
        ("Absolute", "", lambda x: abs(x)),
        ("Square", "", lambda x: ops.square(x)),
        ("Sqrt", "", lambda x: ops.sqrt(ops.square(x) + 0.1)),
        ("Rsqrt", "", lambda x: ops.rsqrt(ops.square(x) + 0.1)),
        ("Log", "", lambda x: ops.log(ops.square(x) + 0.1)),
        ("Reciprocal", "", lambda x: ops.reciprocal(ops.square(x) + 0.1)),
        ("Clip", "-1, 0.5", lambda x: ops.clip(x, -1.0, 0.5)),
        ("Clip", "a vector", lambda x: ops.clip(x, np.array([-1.0, -0.5, 0.0], np.float32), 1.0)),
        ("Clip", "0, 6", lambda x: ops.clip(x, 0.0, 6.0)),
        ("Mean", "height and width", lambda x: ops.mean(x, axis=(1, 2), keepdims=True)),
        ("Max", "height and width", lambda x: ops.max(x, axis=(1, 2))),
        ("Amax", "height and width", lambda x: ops.amax(x, axis=(-3, -2))),
        ("Sum", "height and width", lambda x: ops.sum(x, axis=(1, 2))),
        ("Mean", "channels", lambda x: ops.mean(x, axis=-1, keepdims=True)),
        ("Mean", "vector", lambda x: ops.mean(ops.max(x, axis=(1, 2)), axis=-1, keepdims=True)),
        ("Sum", "channels", lambda x: ops.sum(ops.square(x), axis=-1)),
        ("Sum", "vector", lambda x: ops.sum(ops.max(x, axis=(1, 2)), axis=1, keepdims=True)),
        ("Max", "vector", lambda x: ops.max(ops.reshape(x, (-1, 216)), axis=-1, keepdims=True)),
        ("Logsumexp", "", lambda x: ops.logsumexp(ops.reshape(x, (-1, 216)), axis=-1, keepdims=True)),
        ("Logsumexp", "large", lambda x: ops.logsumexp(ops.max(x, axis=(1, 2)) * 200, axis=1, keepdims=True)),
        ("MaxPool", "", lambda x: ops.max_pool(x, 2, 2, "same")),
        ("AveragePool", "", lambda x: ops.average_pool(x, (3, 2))),
        ("Resize", "bilinear", lambda x: ops.image.resize(x, (5, 6))),
        ("Resize", "crop", lambda x: ops.image.resize(x, (6, 6), crop_to_aspect_ratio=True)),
        ("Pad", "", lambda x: ops.pad(x, [[0, 0], [1, 2], [0, 1], [0, 0]])),
        ("Reshape", "(-1, h * w, c)", lambda x: ops.reshape(x, (-1, 72, 3))),
        ("Transpose", "", lambda x: ops.transpose(x, (0, 3, 1, 2))),
        ("Squeeze", "", lambda x: ops.squeeze(ops.mean(x, axis=(1, 2), keepdims=True), axis=(1, 2))),
        ("ExpandDims", "", lambda x: ops.expand_dims(ops.max(x, axis=(1, 2)), axis=1)),
        ("Concatenate", "", lambda x: ops.concatenate([x, -x], axis=-1)),
        ("GetItem", "a part of the picture", lambda x: x[:, 1:-1, :-2, :]),
        ("GetItem", "channels backwards", lambda x: x[..., ::-1]),
        ("GetItem", "one channel", lambda x: x[..., 1:2]),
        ("GetItem", "the last channel", lambda x: x[..., -1]),
        (
            "Stack",
            "of vectors",
            lambda x: ops.stack([ops.max(x, axis=(1, 2)), ops.mean(x, axis=(1, 2))], axis=1),
        ),
        ("Cast", "float32", lambda x: ops.relu(ops.cast(x, "float32"))),
        ("StopGradient", "", lambda x: ops.relu(ops.stop_gradient(x))),
        ("Copy", "", lambda x: ops.relu(ops.copy(x))),
        ("Abs", "", lambda x: ops.abs(x)),
        ("Celu", "alpha=0.5", lambda x: ops.celu(x, 0.5)),
        ("Elu", "alpha=0.5", lambda x: ops.elu(x, 0.5)),
        ("Exp", "", lambda x: ops.exp(x)),
        ("Gelu", "approximate=True", lambda x: ops.gelu(x, approximate=True)),
        ("Glu", "", lambda x: ops.glu(ops.concatenate([x, -x], axis=-1))),
        ("HardShrink", "threshold=0.3", lambda x: ops.hard_shrink(x, 0.3)),
        ("HardSigmoid", "", lambda x: ops.hard_sigmoid(x)),
        ("HardSilu", "", lambda x: ops.hard_silu(x)),
        ("HardTanh", "", lambda x: ops.hard_tanh(x)),
        ("LeakyRelu", "negative_slope=0.05", lambda x: ops.leaky_relu(x, 0.05)),
        ("LogSigmoid", "", lambda x: ops.log_sigmoid(x)),
        ("LogSoftmax", "", lambda x: ops.log_softmax(x)),
        ("ReLU", "max_value=2", lambda x: keras.activations.relu(x, max_value=2.0)),
        ("Relu", "", lambda x: ops.relu(x)),
        ("Relu6", "x + 3 in front", lambda x: ops.relu6(x + 3) * (1.0 / 6.0)),
        ("Selu", "", lambda x: ops.selu(x)),
        ("Sigmoid", "", lambda x: ops.sigmoid(x)),
        ("Silu", "", lambda x: ops.silu(x)),
        ("SoftShrink", "threshold=0.3", lambda x: ops.soft_shrink(x, 0.3)),
        ("Softmax", "axis=1", lambda x: ops.softmax(x, axis=1)),
        ("Softplus", "", lambda x: ops.softplus(x)),
        ("Softsign", "", lambda x: ops.softsign(x)),
        ("SparsePlus", "", lambda x: ops.sparse_plus(x)),
        ("SparseSigmoid", "", lambda x: ops.sparse_sigmoid(x)),
        ("Squareplus", "b=2", lambda x: ops.squareplus(x, 2)),
        ("Tanh", "", lambda x: ops.tanh(x)),
        ("TanhShrink", "", lambda x: ops.tanh_shrink(x)),
        ("Threshold", "", lambda x: ops.threshold(x, 0.3, 0.0)),
        ("Threshold", "default_value=-1", lambda x: ops.threshold(x, 0.3, -1.0)),
    )
    graph_alone = ("Exp", "Squareplus", "Sqrt", "Rsqrt", "Log", "Logsumexp", "Reciprocal")
    for name, options, call in calls:
        only_graph = name in graph_alone or options in ("x ** 0.5", "2 / x", "x / y")
        yield case(f"ops.{name}", options, lambda k, x, call=call: call(x), SHAPE, only_graph)


def _networks() -> Iterator[Case]:
    """Ways to put models together, whatever the layers."""
    yield Case("Sequential", "", _sequential)
    yield case("Functional", "a model in a model", _nested)
    yield case("Functional", "a model called twice", _shared_model)
    yield case("Functional", "a layer called twice", _shared_layer)
    yield case("Functional", "names with other signs", _named)
    yield Case("Functional", "several outputs", _several_outputs)
    yield Case("Functional", "an output that another layer reads", _output_in_the_middle)
    yield case("Functional", "an inner model of any size", _any_size)
    yield case("Functional", "squeeze and excite", _squeeze_excite)
    yield case("Functional", "inverted residual", _inverted_residual)
    yield case("Functional", "float16", _float16)
    for name, head in HEADS.items():
        yield Case(
            "Functional",
            f"known by {name}",
            lambda head=head: two_outputs(head, size=HEAD_SIDE, as_list=True),
            only_graph=name in ("energy", "margin"),
            shape=(HEAD_SIDE, HEAD_SIDE, 3),
        )
    yield case("Functional", "transfer learning", _transfer)
    for mode in ("tf", "torch", "caffe"):
        yield case(
            "Functional", f"preprocess_input {mode}", lambda k, x, mode=mode: _preprocessed(k, x, mode)
        )


def _sequential() -> Any:
    k = keras.layers
    return keras.Sequential(
        [keras.Input(SHAPE), k.Conv2D(4, 3, activation="relu"), k.Dropout(0.2), k.Flatten(), k.Dense(5)]
    )


def _nested(k: Any, x: Any) -> Any:
    entry = keras.Input(SHAPE)
    inner = keras.Model(entry, k.BatchNormalization()(k.Conv2D(4, 3, name="conv")(entry)), name="inner")
    sequential = keras.Sequential(
        [keras.Input((7, 6, 4)), k.Conv2D(3, 1, name="conv"), k.ReLU()], name="head"
    )
    return sequential(inner(x))


def _shared_model(k: Any, x: Any) -> Any:
    entry = keras.Input(SHAPE)
    inner = keras.Model(entry, k.BatchNormalization()(k.Conv2D(3, 3, padding="same")(entry)))
    return k.Add()([inner(x), inner(inner(x))])


def _shared_layer(k: Any, x: Any) -> Any:
    shared = k.Conv2D(3, 3, padding="same", name="shared")
    normal = k.BatchNormalization(name="normal")
    return k.Concatenate()([shared(x), k.ReLU()(normal(shared(x))), shared(normal(shared(x)))])


def _named(k: Any, x: Any) -> Any:
    x = k.Conv2D(4, 3, name="conv:1 (first)")(x)
    return k.Conv2D(4, 3, name="_conv.ä")(x)


def _several_outputs() -> Any:
    k = keras.layers
    entry = keras.Input(SHAPE)
    features = k.Conv2D(4, 3, activation="relu", name="features")(entry)
    pooled = k.GlobalAveragePooling2D()(features)
    return keras.Model(
        entry, [k.Dense(3, activation="softmax", name="what")(pooled), k.Dense(2, name="where")(pooled)]
    )


def _output_in_the_middle() -> Any:
    k = keras.layers
    entry = keras.Input(SHAPE)
    convolved = k.Conv2D(4, 3, name="convolved")(entry)
    return keras.Model(entry, [convolved, k.ReLU(name="rectified")(k.BatchNormalization()(convolved))])


def _any_size(k: Any, x: Any) -> Any:
    entry = keras.Input((None, None, 3))
    y = k.Conv2D(4, 3, strides=2, padding="same")(entry)
    inner = keras.Model(entry, k.GlobalAveragePooling2D()(k.UpSampling2D(2)(y)))
    return inner(x)


def _squeeze_excite(k: Any, x: Any) -> Any:
    ops = keras.ops
    y = k.Conv2D(4, 3, padding="same")(x)
    gate = k.GlobalAveragePooling2D(keepdims=True)(y)
    gate = k.Conv2D(2, 1, activation="relu")(gate)
    gate = ops.relu6(k.Conv2D(4, 1)(gate) + 3.0) * (1.0 / 6.0)
    return k.Multiply()([y, gate])


def _inverted_residual(k: Any, x: Any) -> Any:
    y = k.ReLU(6.0)(k.BatchNormalization()(k.Conv2D(6, 1, use_bias=False)(x)))
    y = k.ReLU(6.0)(k.BatchNormalization()(k.DepthwiseConv2D(3, padding="same", use_bias=False)(y)))
    y = k.BatchNormalization()(k.Conv2D(3, 1, use_bias=False)(y))
    return k.Add()([x, y])


def _float16(k: Any, x: Any) -> Any:
    return k.Activation("linear", dtype="float32")(k.Conv2D(4, 3, dtype="mixed_float16")(x))


def _transfer(k: Any, x: Any) -> Any:
    """As tutorials build it: augmentation and base as inner models, the base frozen."""
    augmentation = keras.Sequential([k.RandomFlip("horizontal"), k.RandomRotation(0.1)])
    entry = keras.Input(SHAPE)
    y = k.ReLU()(k.BatchNormalization()(k.Conv2D(4, 3, use_bias=False)(entry)))
    base = keras.Model(entry, y, name="base")
    base.trainable = False
    y = base(k.Rescaling(1 / 127.5, offset=-1)(augmentation(x)), training=False)
    return k.Dense(3, activation="softmax")(k.Dropout(0.2)(k.GlobalAveragePooling2D()(y)))


def _preprocessed(k: Any, x: Any, mode: str) -> Any:
    preprocess = {
        "tf": keras.applications.mobilenet_v2.preprocess_input,
        "torch": keras.applications.densenet.preprocess_input,
        "caffe": keras.applications.resnet50.preprocess_input,
    }[mode]
    return k.Conv2D(4, 3)(preprocess(x))


CASES: list[Case] = [
    *_convolutions(),
    *_dense(),
    *_activations(),
    *_pooling(),
    *_merging(),
    *_shapes(),
    *_sizes(),
    *_normalisation(),
    *_dropped(),
    *_operations(),
    *_networks(),
]
"""Every case; ids are unique."""
