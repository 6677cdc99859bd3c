"""The table of Keras layers: how each becomes nodes of the plain network, and what of it cannot.

A layer outside the table, or an option that its row does not carry, is one clear error, never a guess.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pytrain.errors import ExportError
from pytrain.export import activations, resampling
from pytrain.export.activations import activate
from pytrain.export.builder import Call
from pytrain.export.network import Array

LARGEST_KERNEL = 1 << 24
"""Numbers in a kernel that groups were written out in: 64 MiB, more than any page should load."""


@dataclass(frozen=True)
class Row:
    """One supported layer.

    Attributes:
        name: the Keras class.
        carried: as what, in a few words.
        restriction: what of it cannot be carried, or "".
        lower: adds the nodes of one call and returns the last one's name.
    """

    name: str
    carried: str
    restriction: str
    lower: Callable[[Call], str]


TABLE: dict[str, Row] = {}
"""The supported layers by Keras class."""

ELSEWHERE = "Channels first, and data that is no picture where a picture is meant, are refused."
"""A restriction that holds for every row."""


def row(
    *names: str, carried: str, restriction: str = ""
) -> Callable[[Callable[[Call], str]], Callable[[Call], str]]:
    def add(lower: Callable[[Call], str]) -> Callable[[Call], str]:
        for name in names:
            TABLE[name] = Row(name, carried, restriction, lower)
        return lower

    return add


def lower(call: Call) -> str:
    """Adds the nodes of one call of a layer.

    Raises:
        ExportError: the layer is not in the table, or an option of it cannot be carried.
    """
    kind = type(call.layer).__name__
    # A class of the same name that somebody else wrote may do anything.
    if kind not in TABLE or not type(call.layer).__module__.startswith("keras."):
        raise unsupported(call)
    if getattr(call.layer, "quantization_mode", None):
        raise call.refusal("is quantized", "Export the model as it was before model.quantize.")
    return TABLE[kind].lower(call)


def unsupported(call: Call) -> ExportError:
    """The error for a layer that the table does not have."""
    fixes = {
        "Lambda": "Write it with layers of the table; what is inside a Lambda cannot be read.",
        "TFSMLayer": "Export the SavedModel itself, not a layer around it.",
        "TextVectorization": "Only pictures can be exported.",
        "StringLookup": "Only pictures can be exported.",
        "Embedding": "Only pictures can be exported.",
        "TimeDistributed": "Call the layer inside directly: Dense works on the last axis of any shape.",
    }
    fix = "Replace it with layers of the table in docs/layers.md."
    return call.refusal("is not supported", fixes.get(type(call.layer).__name__, fix))


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


# Convolution and Dense.


def _bias(call: Call) -> dict[str, Array]:
    bias = call.weight("bias")
    return {} if bias is None else {"bias": bias}


def _window(layer: Any) -> dict[str, Any]:
    return {
        "strides": tuple(layer.strides),
        "padding": layer.padding,
        "dilation": tuple(layer.dilation_rate),
        "activation": "linear",
    }


@row("Dense", carried="dense")
def _dense(call: Call) -> str:
    kernel = _needed(call, "kernel")
    dense = call.add("dense", call.input, weights={"kernel": kernel, **_bias(call)}, activation="linear")
    return activate(call, dense, call.layer.activation)


@row(
    "Conv2D",
    carried="conv2d; groups as one kernel with zeros between the groups, or as depthwise_conv2d",
    restriction=f"a kernel with groups has at most {LARGEST_KERNEL:,} numbers, its zeros included",
)
def _conv2d(call: Call) -> str:
    channels = call.picture()[2]
    groups, window = call.layer.groups, _window(call.layer)
    if groups == channels > 1:
        kernel = call.once("depthwise_kernel", lambda: _as_depthwise(_needed(call, "kernel"), channels))
        weights = {"depthwise_kernel": kernel, **_bias(call)}
        return activate(call, call.add("depthwise_conv2d", weights=weights, **window), call.layer.activation)
    kernel = _needed(call, "kernel")
    if groups > 1:
        if kernel.size * groups > LARGEST_KERNEL:
            raise call.refusal(
                f"has {groups} groups over {channels} channels",
                "Use fewer groups, or DepthwiseConv2D and a Conv2D of 1 x 1.",
            )
        kernel = call.once("block_kernel", lambda: _block_diagonal(_needed(call, "kernel"), groups))
    convolved = call.add("conv2d", weights={"kernel": kernel, **_bias(call)}, **window)
    return activate(call, convolved, call.layer.activation)


def _as_depthwise(kernel: Array, channels: int) -> Array:
    """[h, w, 1, out] with one group for each channel, to [h, w, channels, out / channels]."""
    height, width, _, out = kernel.shape
    return kernel.reshape(height, width, channels, out // channels)


def _block_diagonal(kernel: Array, groups: int) -> Array:
    """[h, w, in / groups, out] to [h, w, in, out], zero where a group does not look."""
    height, width, ins, outs = kernel.shape
    whole = np.zeros((height, width, ins * groups, outs), np.float32)
    for group, part in enumerate(np.split(kernel, groups, axis=3)):
        here = slice(group * outs // groups, (group + 1) * outs // groups)
        whole[:, :, group * ins : (group + 1) * ins, here] = part
    return whole


@row("DepthwiseConv2D", carried="depthwise_conv2d")
def _depthwise_conv2d(call: Call) -> str:
    call.picture()
    weights = {"depthwise_kernel": _needed(call, "kernel"), **_bias(call)}
    convolved = call.add("depthwise_conv2d", weights=weights, **_window(call.layer))
    return activate(call, convolved, call.layer.activation)


@row("SeparableConv2D", carried="depthwise_conv2d and a conv2d of 1 x 1")
def _separable_conv2d(call: Call) -> str:
    call.picture()
    depthwise = {"depthwise_kernel": _needed(call, "depthwise_kernel")}
    inner = call.add("depthwise_conv2d", part="depthwise", weights=depthwise, **_window(call.layer))
    convolved = call.add(
        "conv2d",
        inner,
        weights={"kernel": _needed(call, "pointwise_kernel"), **_bias(call)},
        **{**_window(call.layer), "strides": (1, 1), "dilation": (1, 1)},
    )
    return activate(call, convolved, call.layer.activation)


@row(
    "Conv2DTranspose",
    carried="conv2d_transpose; output_padding as a crop or a pad behind it",
    restriction="no dilation",
)
def _conv2d_transpose(call: Call) -> str:
    height, width, _ = call.picture()
    layer = call.layer
    if max(layer.dilation_rate) > 1:
        raise call.refusal("has a dilation", "Use UpSampling2D and a dilated Conv2D.")
    weights = {"kernel": _needed(call, "kernel"), **_bias(call)}
    strides = tuple(layer.strides)
    if layer.output_padding is None:
        convolved = call.add(
            "conv2d_transpose", weights=weights, strides=strides, padding=layer.padding, activation="linear"
        )
        return activate(call, convolved, layer.activation)
    # TensorFlow.js knows no output_padding: the whole result, and then the part of it that Keras keeps. The
    # bias comes last, for it also counts where the whole result has to be made larger.
    whole = call.add(
        "conv2d_transpose",
        part="whole",
        weights={"kernel": weights["kernel"]},
        strides=strides,
        padding="valid",
        activation="linear",
    )
    target = layer.compute_output_shape((None, *call.shape))[1:3]
    cut = [
        _kept(size, kernel, stride, keep, have)
        for size, kernel, stride, keep, have in zip(
            (height, width), layer.kernel_size, strides, target, call.net.shape(whole)[:2], strict=True
        )
    ]
    name = _cut(call, whole, cut)
    if "bias" in weights:
        name = call.scale(name, 1.0, weights["bias"], "bias")
    return activate(call, name, layer.activation)


def _kept(size: int, kernel: int, stride: int, keep: int, have: int) -> tuple[int, int]:
    """What to cut before and after one axis of a transposed convolution (less than none: add zeros).

    It is the gradient of the convolution that makes `size` of `keep`, whose "same" padding was cut off.
    """
    before = max((size - 1) * stride + kernel - keep, 0) // 2
    return before, have - keep - before


def _cut(call: Call, name: str, cut: Sequence[tuple[int, int]]) -> str:
    crop = tuple((max(before, 0), max(after, 0)) for before, after in cut)
    pad = tuple((max(-before, 0), max(-after, 0)) for before, after in cut)
    if np.any(crop):
        name = call.add("crop", name, "crop", crop=crop)
    if np.any(pad):
        name = call.add("pad", name, "pad", padding=pad)
    return name


def _needed(call: Call, name: str) -> Array:
    """A weight that a built layer has.

    Raises:
        ExportError: it is not there: the layer was never built.
    """
    weight = call.weight(name)
    if weight is None:
        raise call.refusal(f"has no {name}", "Build the model first: call it on a picture.")
    return weight


# Normalisation.


@row(
    "BatchNormalization",
    carried="scale, which is folded into the convolution or Dense before it where nobody else reads that",
)
def _batch_normalization(call: Call) -> str:
    layer = call.layer
    # Keras 2 wrote a list.
    (given,) = [layer.axis] if isinstance(layer.axis, int) else layer.axis
    axis, rank = call.axis(given), len(call.shape)
    mean, variance = _needed(call, "moving_mean"), _needed(call, "moving_variance")

    def scale() -> Array:
        gamma = call.weight("gamma")
        root = np.sqrt(variance.astype(np.float64) + layer.epsilon)
        return np.asarray((1.0 if gamma is None else gamma) / root)

    def offset() -> Array:
        beta = call.weight("beta")
        exact = scale()
        return np.asarray((0.0 if beta is None else beta) - mean * exact)

    weights = {"scale": call.once("folded_scale", scale), "offset": call.once("folded_offset", offset)}
    if axis == rank:
        return call.add("scale", call.input, weights=weights)
    order = [*(entry for entry in range(1, rank + 1) if entry != axis), axis]
    back = tuple(order.index(entry) + 1 for entry in range(1, rank + 1))
    moved = call.add("permute", call.input, "to_last", order=tuple(order))
    return call.add("permute", call.add("scale", moved, weights=weights), "from_last", order=back)


def _over_last(call: Call) -> None:
    """Holds that a normalisation goes over the last axis.

    Raises:
        ExportError: it goes over another, or over several.
    """
    given = call.layer.axis
    axes = [given] if isinstance(given, int) else list(given)
    if [call.axis(axis) for axis in axes] != [len(call.shape)]:
        raise call.refusal(f"goes over axis {given}", "Let it go over the last axis: axis=-1.")


@row("LayerNormalization", carried="layer_norm", restriction="over the last axis")
def _layer_normalization(call: Call) -> str:
    _over_last(call)
    if getattr(call.layer, "rms_scaling", False):
        raise call.refusal("has rms_scaling", "Use RMSNormalization.")
    weights = {name: call.weight(name) for name in ("gamma", "beta")}
    return call.add(
        "layer_norm",
        call.input,
        weights={name: values for name, values in weights.items() if values is not None},
        epsilon=float(call.layer.epsilon),
    )


@row(
    "GroupNormalization", carried="layer_norm over each group, and a scale", restriction="over the last axis"
)
def _group_normalization(call: Call) -> str:
    _over_last(call)
    channels, rank = call.shape[-1], len(call.shape)
    groups = channels if call.layer.groups == -1 else call.layer.groups
    name = call.input
    order = (rank, *range(1, rank))
    name = call.add("permute", name, "groups_first", order=order)
    turned = call.net.shape(name)
    name = call.add("reshape", name, "groups", shape=(groups, int(np.prod(turned)) // groups))
    name = call.add("layer_norm", name, "normalised", epsilon=float(call.layer.epsilon))
    name = call.add("reshape", name, "channels", shape=turned)
    name = call.add("permute", name, "channels_last", order=(*range(2, rank + 1), 1))
    gamma, beta = call.weight("gamma"), call.weight("beta")
    if gamma is None and beta is None:
        return name
    return call.scale(name, 1.0 if gamma is None else gamma, 0.0 if beta is None else beta)


@row(
    "RMSNormalization", carried="layer_norm of x beside -x, whose mean is 0", restriction="over the last axis"
)
def _rms_normalization(call: Call) -> str:
    _over_last(call)
    name = _over_root_mean_square(call, float(call.layer.epsilon))
    return call.scale(name, _needed(call, "scale"))


UNIT_EPSILON = 1e-12
"""Keras's least sum of squares that UnitNormalization divides by the root of."""


@row(
    "UnitNormalization",
    carried="layer_norm of x beside -x, whose mean is 0",
    restriction="over the last axis; a vector shorter than 0.0001 comes out shorter than 1",
)
def _unit_normalization(call: Call) -> str:
    _over_last(call)
    channels = call.shape[-1]
    return call.scale(_over_root_mean_square(call, UNIT_EPSILON / channels), 1 / np.sqrt(channels))


def _over_root_mean_square(call: Call, epsilon: float) -> str:
    """x / sqrt(mean(x * x) + epsilon) along the last axis."""
    channels = call.shape[-1]
    both = call.once("both", lambda: np.hstack([np.eye(channels), -np.eye(channels)]))
    first = call.once("first", lambda: np.vstack([np.eye(channels), np.zeros((channels, channels))]))
    name = call.add("dense", part="both", weights={"kernel": both}, activation="linear")
    name = call.add("layer_norm", name, "normalised", epsilon=epsilon)
    return call.add("dense", name, "first", weights={"kernel": first}, activation="linear")


@row("LayerScale", carried="scale (ConvNeXt's own layer)")
def _layer_scale(call: Call) -> str:
    return call.scale(call.input, _needed(call, "gamma"), part="")


@row("CustomScaleLayer", carried="scale and add (InceptionResNetV2's own layer)")
def _custom_scale_layer(call: Call) -> str:
    first, second = call.inputs
    return call.add("add", [first, call.scale(second, call.layer.scale)])


def along_last(call: Call, values: Any, what: str) -> npt.NDArray[np.float64]:
    """Numbers that a layer or operation adds or multiplies by, as one for each channel.

    Raises:
        ExportError: they vary along another axis than the last.
    """
    numbers, channels = np.asarray(values, dtype=np.float64), call.shape[-1]
    vector = numbers.shape[-1:] == (channels,) and numbers.size == channels
    if numbers.ndim > len(call.shape) + 1 or not (vector or numbers.size == 1):
        raise call.refusal(
            f"has {what} of shape {list(numbers.shape)}", "Give one number, or one for each channel."
        )
    return np.broadcast_to(numbers.reshape(-1), (channels,))


@row("Rescaling", carried="scale", restriction="one number, or one for each channel")
def _rescaling(call: Call) -> str:
    scale, offset = (along_last(call, getattr(call.layer, name), name) for name in ("scale", "offset"))
    return call.scale(call.input, scale, offset, part="")


KERAS_EPSILON = 1e-7
"""The least deviation that Keras's Normalization divides by: keras.config.epsilon()."""


@row(
    "Normalization", carried="scale", restriction="one number, or one for each channel; adapted or given them"
)
def _normalization(call: Call) -> str:
    layer = call.layer
    if getattr(layer, "mean", None) is None:
        raise call.refusal("has no mean yet", "Call its adapt, or give it mean and variance.")
    call.weight("mean")
    call.weight("variance")
    mean = along_last(call, call.weight("mean"), "a mean")
    root = np.maximum(np.sqrt(along_last(call, call.weight("variance"), "a variance")), KERAS_EPSILON)
    if layer.invert:
        return call.scale(call.input, root, mean, part="")
    return call.scale(call.input, 1 / root, -mean / root, part="")


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
    weights = {"alpha": _needed(call, "alpha")}
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
