"""The table of Keras layers: how each becomes nodes of the plain network, and what of it cannot.

The rows of convolutions and normalisations have files of their own; they come in with the imports below.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pytrain.export.reading import activations, convolution, normalisation, resampling
from pytrain.export.reading.activations import activate
from pytrain.export.reading.builder import Call
from pytrain.export.reading.table import ELSEWHERE, TABLE, Row, lower, row

__all__ = ["ELSEWHERE", "TABLE", "Row", "convolution", "lower", "normalisation", "reshaped"]

# What does nothing when a model predicts.


@row(
    *("ActivityRegularization", "AlphaDropout", "Dropout", "GaussianDropout", "GaussianNoise", "Identity"),
    *("SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"),
    *("StochasticDepth", "AugMix", "CutMix", "MixUp", "RandAugment", "Solarization", "Equalization"),
    *("RandomBrightness", "RandomColorDegeneration", "RandomColorJitter", "RandomContrast"),
    *("RandomElasticTransform", "RandomErasing", "RandomFlip", "RandomGaussianBlur", "RandomGrayscale"),
    *("RandomHue", "RandomInvert", "RandomPerspective", "RandomPosterization", "RandomRotation"),
    *("RandomSaturation", "RandomSharpness", "RandomShear", "RandomTranslation", "RandomZoom"),
    carried="dropped: it only trains",
)
def _dropped(call: Call) -> str:
    return call.input


@row("RandomCrop", carried="dropped: it only trains", restriction="the picture has the crop's size already")
def _random_crop(call: Call) -> str:
    height, width, _ = call.picture()
    if (height, width) != (call.layer.height, call.layer.width):
        raise call.refusal(
            f"crops {height} x {width} to {call.layer.height} x {call.layer.width} in training alone",
            "Use CenterCrop in the model, and RandomCrop on the data set.",
        )
    return call.input


@row("Pipeline", carried="the layers in it, one after the other", restriction="each of them is in the table")
def _pipeline(call: Call) -> str:
    name = call.input
    for layer in call.layer.layers:
        name = lower(Call(call.net, layer, f"{call.name}_{layer.name}", [name]))
    return name


@row("SpectralNormalization", carried="the layer inside, with its weights as trained")
def _spectral_normalization(call: Call) -> str:
    return lower(Call(call.net, call.layer.layer, call.name, call.inputs))


# Activations.


@row(
    "Activation",
    carried="activation, softmax, or a few nodes that give the same",
    restriction=f"one of {', '.join(sorted(activations.ACTIVATIONS))}",
)
def _activation(call: Call) -> str:
    name = activations.known_name(call.layer.activation)
    if name is None:
        return activate(call, call.input, call.layer.activation)
    return activations.ACTIVATIONS[name](call)


@row("ReLU", carried="activation; max_value by scaling relu6")
def _relu(call: Call) -> str:
    layer = call.layer
    return activations.relu(call, layer.negative_slope, layer.max_value, layer.threshold)


@row("LeakyReLU", carried="activation")
def _leaky_relu(call: Call) -> str:
    return activations.leaky_relu(call, call.layer.negative_slope)


@row("PReLU", carried="activation")
def _prelu(call: Call) -> str:
    weights = {"alpha": call.needed("alpha")}
    return call.add("activation", call.input, weights=weights, activation="prelu")


@row("ELU", carried="activation")
def _elu(call: Call) -> str:
    return activations.elu(call, call.layer.alpha)


@row("Softmax", carried="softmax; over another axis than the last with a permute around it")
def _softmax(call: Call) -> str:
    axes = call.layer.axis
    axes = [axes] if isinstance(axes, int) else list(axes)
    if len(axes) == 1:
        return activations.softmax(call, axes[0])
    # Over several axes: they become one, last.
    rank = len(call.shape)
    over = sorted(call.axis(axis) for axis in axes)
    order = [*(entry for entry in range(1, rank + 1) if entry not in over), *over]
    name = call.add("permute", call.input, "to_last", order=tuple(order))
    turned = call.net.shape(name)
    kept = turned[: rank - len(over)]
    name = call.add("reshape", name, "flat", shape=(*kept, int(np.prod(turned[len(kept) :]))))
    name = call.add("reshape", call.add("softmax", name), "unflat", shape=turned)
    return call.add("permute", name, "from_last", order=tuple(order.index(e) + 1 for e in range(1, rank + 1)))


# Pooling.


@row("MaxPooling2D", "AveragePooling2D", carried="max_pool, average_pool")
def _pooling(call: Call) -> str:
    call.picture()
    layer = call.layer
    kind = "max_pool" if type(layer).__name__ == "MaxPooling2D" else "average_pool"
    return call.add(kind, pool=tuple(layer.pool_size), strides=tuple(layer.strides), padding=layer.padding)


@row("GlobalMaxPooling2D", "GlobalAveragePooling2D", carried="global_max, global_mean")
def _global_pooling(call: Call) -> str:
    call.picture()
    kind = "global_max" if type(call.layer).__name__ == "GlobalMaxPooling2D" else "global_mean"
    return call.add(kind, keepdims=bool(call.layer.keepdims))


@row("AdaptiveAveragePooling2D", carried="average_pool, or a resize whose weights average")
def _adaptive_average_pooling(call: Call) -> str:
    height, width, _ = call.picture()
    rows, columns = call.layer.output_size
    if not height % rows and not width % columns:
        pool = (height // rows, width // columns)
        return call.add("average_pool", pool=pool, strides=pool, padding="valid")
    return resampling.pooled(call, (rows, columns))


@row(
    "AdaptiveMaxPooling2D", carried="max_pool", restriction="the picture's size is a multiple of the output's"
)
def _adaptive_max_pooling(call: Call) -> str:
    height, width, _ = call.picture()
    rows, columns = call.layer.output_size
    if height % rows or width % columns:
        raise call.refusal(
            f"pools {height} x {width} to {rows} x {columns}",
            "Choose an output size that divides the picture's, or AdaptiveAveragePooling2D.",
        )
    pool = (height // rows, width // columns)
    return call.add("max_pool", pool=pool, strides=pool, padding="valid")


# Several inputs.


@row(
    *("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"),
    carried="the kind of that name, broadcasting",
)
def _merge(call: Call) -> str:
    shapes = [call.net.shape(name) for name in call.inputs]
    rank = max(len(shape) for shape in shapes)
    # Keras fills a lower rank up behind the batch: [batch, channels] joins [batch, 1, 1, channels].
    names = [
        name
        if len(shape) == rank
        else call.add("reshape", name, "rank", shape=(*(1,) * (rank - len(shape)), *shape))
        for name, shape in zip(call.inputs, shapes, strict=True)
    ]
    return call.add(type(call.layer).__name__.lower(), names)


@row("Concatenate", carried="concatenate")
def _concatenate(call: Call) -> str:
    if len(call.inputs) == 1:
        return call.inputs[0]
    axis = call.axis(call.layer.axis, len(call.net.shape(call.inputs[0])))
    return call.add("concatenate", axis=axis)


# Shape.


@row("Flatten", carried="reshape")
def _flatten(call: Call) -> str:
    name = call.input
    if getattr(call.layer, "data_format", "channels_last") == "channels_first" and len(call.shape) > 1:
        rank = len(call.shape)
        name = call.add("permute", name, "channels_last", order=(*range(2, rank + 1), 1))
    return call.add("reshape", name, shape=(int(np.prod(call.shape)),))


@row("Reshape", carried="reshape")
def _reshape(call: Call) -> str:
    return reshaped(call, call.layer.target_shape)


def reshaped(call: Call, target: Sequence[int | None]) -> str:
    """To a shape without its batch, -1 (or None) for what is left."""
    size = int(np.prod(call.shape))
    known = int(np.prod([entry for entry in target if entry not in (-1, None)]))
    shape = tuple(size // known if entry in (-1, None) else int(entry or 0) for entry in target)
    if int(np.prod(shape)) != size:
        raise call.refusal(f"turns {call.shape} into {tuple(target)}", "Keep the number of values.")
    return call.add("reshape", call.input, shape=shape)


@row("Permute", carried="permute")
def _permute(call: Call) -> str:
    return call.add("permute", call.input, order=tuple(call.layer.dims))


@row("RepeatVector", carried="reshape and concatenate")
def _repeat_vector(call: Call) -> str:
    single = call.add("reshape", call.input, "single", shape=(1, call.shape[-1]))
    return single if call.layer.n == 1 else call.add("concatenate", [single] * call.layer.n, axis=1)


@row("ZeroPadding2D", carried="pad; a part of the convolution behind it where that is the same")
def _zero_padding(call: Call) -> str:
    call.picture()
    return call.add("pad", padding=_pairs(call.layer.padding))


@row("Cropping2D", carried="crop")
def _cropping(call: Call) -> str:
    call.picture()
    return call.add("crop", crop=_pairs(call.layer.cropping))


def _pairs(value: Sequence[Sequence[int]]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(int(entry) for entry in pair) for pair in value)


# Size.


@row("UpSampling2D", carried="upsample, or resize where it interpolates")
def _up_sampling(call: Call) -> str:
    height, width, _ = call.picture()
    factors = tuple(int(factor) for factor in call.layer.size)
    if call.layer.interpolation == "nearest":
        return call.add("upsample", factors=factors)
    size = (height * factors[0], width * factors[1])
    return resampling.resized(call, call.input, size, call.layer.interpolation)


@row("Resizing", carried="resize; crop_to_aspect_ratio and pad_to_aspect_ratio too")
def _resizing(call: Call) -> str:
    call.picture()
    return resampling.resizing(call, (int(call.layer.height), int(call.layer.width)))


@row("CenterCrop", carried="crop; a picture that is too small is cropped to the shape and resized")
def _center_crop(call: Call) -> str:
    call.picture()
    return resampling.center_crop(call)
