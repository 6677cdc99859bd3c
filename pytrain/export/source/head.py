"""Looks at how a model ends, and makes it end in probabilities: one for each label, of sum 1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pytrain.errors import ExportError
from pytrain.export.source.adapt import shown
from pytrain.model.backend import keras
from pytrain.model.lens import LOGITS, PROBABILITIES

VALUE_KEEPERS = {"Reshape", "Flatten", "Identity", "Dropout"}
"""Layers behind an activation that leave its values as they are."""

SAVED_MODEL = "TFSMLayer"
"""Keras's layer around a TensorFlow SavedModel."""


def with_probabilities(
    model: Any, *, logits: bool = False, output: str | None = None
) -> tuple[Any, list[str]]:
    """A model whose first output is float32 [batch, classes], a softmax.

    Args:
        model: any functional or Sequential Keras model.
        logits: the model gives logits; a softmax is added.
        output: which output, by its key or the name of its layer; the one called "probabilities" by default.

    Returns:
        (the model itself where it already ends so, otherwise a new one that shares its weights; the names of
        its outputs, "probabilities" first).

    Raises:
        ExportError: the output is no list of classes, no softmax (and `logits` was not said), or one of
            several and none was chosen.
    """
    outputs = named_outputs(model)
    if len(outputs) == 1 and output in (None, *outputs):
        return _with_softmax(model, logits), [PROBABILITIES]
    chosen = _chosen(outputs, output)
    ending = _with_softmax(keras.Model(model.inputs[0], outputs.pop(chosen), name=model.name), logits)
    if PROBABILITIES in outputs:
        raise ExportError(
            f"The output {chosen} gives the probabilities, and another output is called {PROBABILITIES}.",
            fix="Give that one another name: keras.Model(inputs, {'a_name': tensor, ...}).",
        )
    whole = keras.Model(ending.inputs[0], [ending.outputs[0], *outputs.values()], name=model.name)
    return whole, [PROBABILITIES, *outputs]


def _with_softmax(model: Any, logits: bool) -> Any:
    shape = tuple(model.outputs[0].shape)
    kind = _ending(model.outputs[0])
    if kind == SAVED_MODEL:
        # Nobody can look inside; whether they are probabilities is seen when it runs.
        kind = "linear" if logits else "softmax"
    if len(shape) == 4 and shape[1:3] == (1, 1):
        model = _behind(model, keras.layers.Flatten(name="flat"))
        shape = (None, shape[3])
    if len(shape) != 2 or shape[1] is None:
        raise ExportError(
            f"The model gives {shown(shape)}.",
            expected="one number for each class: [batch, classes]",
            fix="End it with GlobalAveragePooling2D, Dense and softmax; other tasks cannot be exported.",
        )
    if shape[1] == 1:
        return _two_classes(model, kind, logits)
    if kind == "softmax":
        if logits:
            raise ExportError(
                "The model already ends in a softmax, so it gives no logits.", fix="Leave --logits out."
            )
        return model
    if kind == "sigmoid":
        raise ExportError(
            f"The model ends in a sigmoid with {shape[1]} outputs: each class is there or not, on its own.",
            expected="a softmax: exactly one class is right",
            fix="Train it with softmax and categorical_crossentropy. If exactly one class was right in "
            "training, replace the last activation by 'linear' and export with --logits.",
        )
    if kind != "linear":
        raise ExportError(
            f"The model ends in the activation {kind}, which gives no probabilities.",
            expected="a softmax, or logits",
            fix="End it with Dense(classes, activation='softmax') and train it so.",
        )
    if not logits:
        raise ExportError(
            "The model does not end in a softmax.",
            expected="probabilities; without a softmax these are probably logits",
            fix="If it was trained with from_logits=True, add --logits (in Python: logits=True).",
        )
    return _behind(model, keras.layers.Activation("softmax", name=PROBABILITIES))


def _chosen(outputs: Mapping[str, Any], wanted: str | None) -> str:
    """Which output gives the probabilities: the named one (by its layer, too), else that of this name."""
    if wanted is None and PROBABILITIES in outputs:
        return PROBABILITIES
    by_layer = {str(tensor._keras_history[0].name): name for name, tensor in outputs.items()}
    wanted = wanted if wanted in outputs else by_layer.get(str(wanted), wanted)
    if wanted is None or wanted not in outputs:
        came = f"There is no output {wanted}." if wanted else f"The model has {len(outputs)} outputs."
        first = next(iter(outputs))
        raise ExportError(
            came,
            expected=f"the one that gives the probabilities: {', '.join(outputs)}",
            fix=f"Choose it, for instance: --output {first} (in Python: output={first!r}).",
        )
    return wanted


def named_outputs(model: Any) -> dict[str, Any]:
    """A model's output tensors by their dictionary's keys, else by the names of the layers that give them."""
    given = getattr(model, "output", None)  # a Sequential has none
    if isinstance(given, dict):
        return {str(name): tensor for name, tensor in given.items()}
    # Two outputs of one layer have one name.
    names = [str(tensor._keras_history[0].name) for tensor in model.outputs]
    twice = len(set(names)) < len(names)
    return {
        f"{name}_{number}" if twice else name: tensor
        for number, (name, tensor) in enumerate(zip(names, model.outputs, strict=True))
    }


def _ending(tensor: Any) -> str:
    """The activation that a model's output went through last: "softmax", "linear", ... or a layer's class."""
    operation, node, index = tensor._keras_history
    while _does_nothing(operation):
        operation, node, index = operation._inbound_nodes[node].input_tensors[0]._keras_history
    if isinstance(operation, keras.Model):
        return _ending(operation.outputs[index])
    return _activation(operation)


def _does_nothing(operation: Any) -> bool:
    kind = type(operation).__name__
    return kind in VALUE_KEEPERS or (kind == "Activation" and _activation(operation) == "linear")


def _activation(operation: Any) -> str:
    """The activation of an operation: "softmax", "linear", ... or a layer's class."""
    kind = type(operation).__name__
    if kind == SAVED_MODEL:
        return kind
    if kind in {"Softmax", "Sigmoid"}:
        return kind.lower()
    activation = getattr(operation, "activation", None)
    if activation is None:
        return "linear" if kind not in {"ReLU", "LeakyReLU", "PReLU", "ELU", "Relu", "Relu6"} else kind
    return str(getattr(activation, "__name__", type(activation).__name__)).lower()


def _behind(model: Any, layer: Any) -> Any:
    return keras.Model(model.inputs[0], layer(model.outputs[0]), name=model.name)


def _two_classes(model: Any, kind: str, logits: bool) -> Any:
    """One output p becomes [1 - p, p]: sigmoid(z) is the second part of softmax([0, z]), for any z.

    The last Dense layer gets a second unit of zeros, so that what goes into it stays the embedding.
    """
    if kind == "sigmoid" and logits:
        raise ExportError(
            "The model already ends in a sigmoid, so it gives no logits.", fix="Leave --logits out."
        )
    if kind != ("linear" if logits else "sigmoid"):
        raise ExportError(
            f"The model gives one number, through the activation {kind}.",
            expected="one probability for each class, or a sigmoid for two classes",
            fix="If it was trained with from_logits=True for two classes, add --logits; "
            "a model that estimates a number cannot be exported.",
        )
    body, dense, activations = _up_to_dense(model, model.outputs[0])
    if activations != ([] if logits else ["sigmoid"]):
        raise _no_two_classes(f"The one number goes through {', then '.join(activations)}.")
    x = body.outputs[0]
    if len(x.shape) > 2:
        x = keras.layers.Flatten(name=f"{LOGITS}_flat")(x)
    kernel, *bias = (np.asarray(values) for values in dense.get_weights())
    wider = keras.layers.Dense(2, use_bias=bool(bias), name=LOGITS)
    x = wider(x)
    wider.set_weights(
        [np.concatenate([np.zeros_like(values), values], axis=-1) for values in (kernel, *bias)]
    )
    probabilities = keras.layers.Activation("softmax", name=PROBABILITIES)
    return keras.Model(body.inputs[0], probabilities(x), name=model.name)


def _up_to_dense(model: Any, tensor: Any) -> tuple[Any, Any, list[str]]:
    """What makes the one number `tensor` of a model, inside inner models too.

    Returns:
        (the model up to what goes into the last Dense layer, that layer, the activations from it on).
    """
    activations: list[str] = []
    operation, node, index = tensor._keras_history
    while _does_nothing(operation) or type(operation).__name__ in {"Activation", "Sigmoid"}:
        if not _does_nothing(operation):
            activations.insert(0, _activation(operation))
        operation, node, index = operation._inbound_nodes[node].input_tensors[0]._keras_history
    kind = type(operation).__name__
    if not isinstance(operation, keras.Model) and type(operation) is not keras.layers.Dense:
        raise _no_two_classes(
            f"The one number that the model gives comes from the layer {operation.name}, a {kind}."
        )
    front = keras.Model(model.inputs[0], operation._inbound_nodes[node].input_tensors[0], name=model.name)
    if isinstance(operation, keras.Model):
        body, dense, inner = _up_to_dense(operation, operation.outputs[index])
        body = keras.Model(front.inputs[0], body(front.outputs[0]), name=model.name)
        return body, dense, inner + activations
    own = _activation(operation)
    return front, operation, ([] if own == "linear" else [own]) + activations


def _no_two_classes(came: str) -> ExportError:
    return ExportError(
        came,
        expected="a Dense layer with one unit and one sigmoid, nothing else behind that layer",
        fix="End the model with Dense(2, activation='softmax') and train it so.",
    )
