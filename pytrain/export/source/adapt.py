"""Gives a foreign model the contract's input, by fixed first layers: the lens.

    image     224 x 224 x 3, RGB, [-1, 1]
    size      mean of squares where that divides evenly, else bilinear
    grey      luminance, if the model has one channel
    range     the values that the model was trained on
    model     as it came

All of it is ordinary Keras layers, so that a bundle's model.keras takes the contract's frames in Python.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pytrain.errors import ExportError
from pytrain.export.source.load import CONTRACT_RANGE, KINDS
from pytrain.image import SIZE
from pytrain.model.backend import keras
from pytrain.model.lens import LENS, new_input, to_grey
from pytrain.model.ranges import CAFFE_MEAN, IMAGENET_DEVIATION, IMAGENET_MEAN

RANGES = {
    CONTRACT_RANGE: "x / 127.5 - 1: MobileNet, MobileNetV2, Inception, Xception, NASNet; Teachable Machine",
    "0..1": "x / 255",
    "0..255": "pixels as they are: EfficientNet, EfficientNetV2, MobileNetV3, ConvNeXt carry a scaling layer",
    "imagenet": "x / 255, minus ImageNet's mean, over its deviation: DenseNet; PyTorch's models",
    "caffe": "blue, green, red, minus ImageNet's mean: VGG, ResNet50",
}
"""What a model may have been trained on, and which do; x is a pixel in 0..255."""

PIXELS_AT_LEAST = 64
"""A model that divides its input by this or more wants pixels in 0..255."""

PIXELS_SPREAD = 5.0
"""Pixels in 0..255 have a standard deviation of some tens, those in [0, 1] or [-1, 1] of less than one."""

RANGE_KEEPERS = {
    "Identity",
    "Dropout",
    "Resizing",
    "CenterCrop",
    "ZeroPadding2D",
    "Cropping2D",
    "GaussianNoise",
}
"""Layers before a scaling that leave the range as it is; so do all Random* layers."""

NO_ARITHMETIC = (keras.Model, keras.layers.InputLayer)
"""Their data type says nothing of how the layers compute."""


@dataclass(frozen=True)
class Lens:
    """What was put in front of a model.

    Attributes:
        input_range: a key of RANGES.
        how: who said so: "given", "known" or "found" (in the model's first layers).
        shape: the input that the model itself has: height, width, channels; no channels where grey has none.
    """

    input_range: str
    how: str
    shape: tuple[int, ...]

    def line(self) -> str:
        """In words, for people."""
        sides = " x ".join(str(side) for side in self.shape)
        how = {"given": "as you say", "known": "as its source says", "found": "as its first layers say"}
        return f"{sides}, pixels in {self.input_range} {how[self.how]}"

    def as_json(self) -> dict[str, Any]:
        return {"input_range": self.input_range, "input_range_is": self.how, "shape": list(self.shape)}


def with_lens(model: Any, given: str | None = None, known: str | None = None) -> tuple[Any, Lens]:
    """A model that takes the contract's input and gives what `model` gives.

    Args:
        model: a Keras model with one picture as its input, [batch, height, width, 1 or 3].
        given: the range that the user names; a key of RANGES.
        known: the range that the model's source tells, used where none is given.

    Returns:
        (float32 [batch, 224, 224, 3] in [-1, 1] to the model's outputs, what was put in front). The model
        itself is returned where it fits; otherwise the new one shares its weights.

    Raises:
        ExportError: the input is no picture, or nobody knows the range of its values.
    """
    shape = input_shape(model)
    if given is not None and given not in RANGES:
        raise ExportError(
            f"The input range {given!r} came.", expected=", ".join(RANGES), fix="Use one of those."
        )
    found = None if given or known else find_range(model)
    chosen = given or known or found
    if chosen is None:
        raise _range_unknown(model)
    if shape[2:] != (3,) and chosen in {"imagenet", "caffe"}:
        raise ExportError(
            f"The input range {chosen} is for three colours; the model takes grey pictures.",
            expected=", ".join(name for name in RANGES if name not in {"imagenet", "caffe"}),
            fix="Give the range of the grey values that the model was trained on.",
        )
    lens = Lens(chosen, "given" if given else "known" if known else "found", shape)
    model = _float32(_free(model, shape))
    if shape == (SIZE, SIZE, 3) and chosen == CONTRACT_RANGE:
        return model, lens
    image = new_input()
    pixels = _to_range(_to_channels(_to_size(image, shape), shape), chosen)
    if len(shape) == 2:
        pixels = keras.layers.Reshape(shape, name=f"{LENS}_flat")(pixels)
    return keras.Model(image, model(pixels), name=f"{model.name}_behind_lens"), lens


def input_shape(model: Any) -> tuple[int, ...]:
    """Height, width and channels of a model's picture, or height and width; 224 where it takes any size.

    Raises:
        ExportError: it is no model with one picture as its input.
    """
    _check_built(model)
    if len(model.inputs) != 1:
        named = ", ".join(f"{entry.name} {shown(entry.shape)}" for entry in model.inputs)
        raise ExportError(
            f"The model has {len(model.inputs)} inputs: {named}.",
            expected="one picture as the only input",
            fix="Build a model with the others fixed: keras.Model(image, model([image, ...])).",
        )
    (entry,) = model.inputs
    shape, dtype = tuple(entry.shape), str(entry.dtype)
    if dtype == "string" or len(shape) == 2:
        what = "text" if dtype in {"string", "int32", "int64"} else "a row of numbers"
        raise ExportError(
            f"The model takes {shown(shape)} of type {dtype}: {what}, no picture.",
            expected="an image classifier: [batch, height, width, 3] or [batch, height, width, 1]",
            fix="Only image models can be exported.",
        )
    if len(shape) not in (3, 4):
        raise ExportError(
            f"The model takes {shown(shape)}.",
            expected="[batch, height, width, 3] or [batch, height, width, 1]",
            fix="Only models of single pictures can be exported.",
        )
    sides = tuple(SIZE if side is None else int(side) for side in shape[1:3])
    if len(shape) == 3:
        return sides
    if shape[3] not in (1, 3):
        first = shape[1] in (1, 3)
        raise ExportError(
            f"The model takes {shown(shape)}, {'channels first' if first else f'{shape[3]} channels'}.",
            expected="[batch, height, width, 3] or [batch, height, width, 1], channels last",
            fix="Build it with data_format='channels_last'; browsers give pixels so."
            if first
            else "Export a model of colour or grey pictures.",
        )
    return (*sides, int(shape[3]))


def find_range(model: Any) -> str | None:
    """The range of values that a model wants, where its first layers tell: it scales or normalises itself."""
    layer = _first_worker(model)
    kind = type(layer).__name__
    if kind == "Rescaling":
        scale = float(np.max(np.abs(np.asarray(layer.scale, dtype=np.float64))))
        return "0..255" if 0 < scale <= 1 / PIXELS_AT_LEAST else None
    if kind == "Normalization" and layer.mean is not None:
        spread = float(np.sqrt(np.max(np.asarray(layer.variance, dtype=np.float64))))
        return "0..255" if spread >= PIXELS_SPREAD else None
    if kind in {"TrueDivide", "Divide"}:
        divisor = _constant(layer)
        return "0..255" if divisor is not None and divisor >= PIXELS_AT_LEAST else None
    if kind == "AveragePooling2D" and layer.name == LENS:
        return CONTRACT_RANGE
    return None


def _check_built(model: Any) -> None:
    """Raises ExportError unless it is a Keras model whose layers and shapes are known."""
    kind = type(model)
    if not isinstance(model, keras.Model):
        old = kind.__module__.split(".")[0] == "tf_keras"
        raise ExportError(
            f"A {kind.__module__}.{kind.__name__} came.",
            expected="a Keras 3 model",
            fix="Save it with model.save('model.h5') and export that file." if old else f"Give {KINDS}.",
        )
    if isinstance(model, keras.Sequential) and not model.built:
        raise ExportError(
            f"The Sequential model {model.name} has no input shape yet.",
            fix="Start it with keras.Input((224, 224, 3)), or call model.build((None, 224, 224, 3)).",
        )
    if not getattr(model, "inputs", None):
        raise ExportError(
            f"The model is a {kind.__name__}, a class with a call method of its own.",
            expected="a functional or Sequential model, whose layers can be read",
            fix="Rebuild it with keras.Input and keras.Model(inputs, outputs), and copy the weights.",
        )


def _free(model: Any, shape: tuple[int, ...]) -> Any:
    """The same model for any number of pictures, of one size, as float32; copied where it was otherwise."""
    (entry,) = model.inputs
    if tuple(entry.shape) == (None, *shape) and str(entry.dtype) == "float32":
        return model
    copy = keras.models.clone_model(model, input_tensors=keras.Input(shape, name=entry.name))
    copy.set_weights(model.get_weights())
    return copy


def _float32(model: Any) -> Any:
    """Mixed precision is for training: browsers compute in float32, and Python must to be compared."""
    layers = [layer for layer in model._flatten_layers() if not isinstance(layer, NO_ARITHMETIC)]
    quantised = next((layer for layer in layers if getattr(layer, "quantization_mode", None)), None)
    if quantised is not None:
        raise ExportError(
            f"The layer {quantised.name} is quantised by Keras ({quantised.quantization_mode}).",
            expected="a float32 model",
            fix="Export the model from before model.quantize, with --weights uint8 if it shall be small.",
        )
    if all(getattr(layer, "compute_dtype", "float32") == "float32" for layer in layers):
        return model

    def plain(layer: Any) -> Any:
        return type(layer).from_config({**layer.get_config(), "dtype": "float32"})

    copy = keras.models.clone_model(model, clone_function=plain, recursive=True)
    copy.set_weights(model.get_weights())
    return copy


def _to_size(pixels: Any, shape: tuple[int, ...]) -> Any:
    height, width = shape[:2]
    pool = _pool(max(height, width))
    if pool > 1:
        pixels = keras.layers.AveragePooling2D(pool, name=LENS)(pixels)
    if (height, width) != (SIZE // pool, SIZE // pool):
        resize = keras.layers.Resizing(height, width, interpolation="bilinear", name=f"{LENS}_size")
        pixels = resize(pixels)
    return pixels


def _pool(side: int) -> int:
    """The largest pooling that leaves enough pixels; bilinear taps alone would skip most of a picture."""
    return max(
        pool for pool in range(1, SIZE + 1) if SIZE % pool == 0 and (pool == 1 or SIZE // pool >= side)
    )


def _to_channels(pixels: Any, shape: tuple[int, ...]) -> Any:
    return pixels if shape[2:] == (3,) else to_grey(pixels)


def _to_range(pixels: Any, chosen: str) -> Any:
    """From [-1, 1] to the values that the model was trained on."""
    if chosen == CONTRACT_RANGE:
        return pixels
    if chosen in {"0..255", "caffe"}:
        pixels = keras.layers.Rescaling(127.5, offset=127.5, name=f"{LENS}_range")(pixels)
    else:
        pixels = keras.layers.Rescaling(0.5, offset=0.5, name=f"{LENS}_range")(pixels)
    if chosen == "imagenet":
        variance = [deviation**2 for deviation in IMAGENET_DEVIATION]
        normalise = keras.layers.Normalization(mean=IMAGENET_MEAN, variance=variance, name=f"{LENS}_imagenet")
        return normalise(pixels)
    if chosen == "caffe":
        turn = np.eye(3)[::-1].reshape(1, 1, 3, 3)
        return keras.layers.Conv2D(
            3,
            1,
            trainable=False,
            kernel_initializer=keras.initializers.Constant(turn.tolist()),
            bias_initializer=keras.initializers.Constant([-mean for mean in CAFFE_MEAN]),
            name=f"{LENS}_caffe",
        )(pixels)
    return pixels


def _first_worker(model: Any) -> Any:
    """The first layer that changes values, inside models in the model too."""
    for layer in getattr(model, "operations", model.layers):
        kind = type(layer).__name__
        if isinstance(layer, keras.Model):
            found = _first_worker(layer)
            if found is not None:
                return found
        elif kind != "InputLayer" and kind not in RANGE_KEEPERS and not kind.startswith("Random"):
            return layer
    return None


def _constant(operation: Any) -> float | None:
    """The second operand of a division, if it is one number."""
    arguments = operation._inbound_nodes[0].arguments.args
    number = arguments[1] if len(arguments) > 1 else None
    return float(number) if isinstance(number, int | float) else None


def _range_unknown(model: Any) -> ExportError:
    choices = "\n".join(f"  {name:<9} {meaning}" for name, meaning in RANGES.items())
    return ExportError(
        f"Nothing in the model {model.name} tells what it was trained on; "
        f"with x a pixel of 0 to 255:\n{choices}",
        expected="--input-range with one of these; a wrong one gives wrong answers and no error",
        fix="Look how the training images were prepared, then add for instance: --input-range=0..1 "
        "(in Python: input_range='0..1').",
    )


def shown(shape: Any) -> str:
    """A tensor's shape for people: [batch, 224, 224, 3]."""
    sides = ["any" if side is None else str(side) for side in shape[1:]]
    return f"[{', '.join(['batch', *sides])}]"
