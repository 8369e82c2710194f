"""`Batch`, the data of one step, its minibatches, and checks of networks."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import keras
from keras import ops

from zoo.errors import ArgumentError, instance_hint


class Batch(NamedTuple):
    """The data of one training or validation step, and their conditions.

    `data` is a batch of the model's space `data`. `condition` is a batch of its space `condition`,
    or `None` for models without one. `images` and `labels` are other names of both.
    """

    data: Any
    condition: Any = None

    @property
    def images(self) -> Any:
        return self.data

    @property
    def labels(self) -> Any:
        return self.condition


def paired(inputs, condition=None):
    """Return the inputs of a network: `[inputs, condition]`, or `inputs` without a condition."""
    return inputs if condition is None else [inputs, condition]


def minibatch(values, index: int, parts: int):
    """Return the minibatch `index`, from 0, of `parts` equal ones of the tensor `values`.

    A minibatch holds every `parts`-th row, so that it is spread over all devices that hold the
    rows. If `parts` does not divide the number of rows, each minibatch is the whole batch. For
    `None`, the result is `None`.
    """
    if values is None or parts == 1:
        return values
    # No branch: on TensorFlow the number of rows can be unknown while the step is traced.
    rows = ops.shape(values)[0]
    whole = (rows % parts + parts - 1) // parts  # 1 if the rows cannot be divided, else 0
    chosen = values[index * (1 - whole) :: parts - whole * (parts - 1)]
    return ops.reshape(chosen, (-1, *values.shape[1:]))  # TensorFlow would lose the shape otherwise


def check_body(name: str, network) -> None:
    """Raise unless `network` is a Keras model, or `None`."""
    if network is not None and not isinstance(network, keras.Model):
        raise ArgumentError(
            f"{name} must be a keras.Model. Received: {network!r} of type {type(network).__name__}."
            f"{instance_hint(network)}"
        )


def check_logits(name: str, network: keras.Model) -> None:
    """Raise if `network` ends in a sigmoid or a softmax, which the loss applies itself."""
    activation = getattr(network.layers[-1], "activation", None) if network.layers else None
    if activation in (keras.activations.sigmoid, keras.activations.softmax):
        raise ArgumentError(
            f"{name} must give logits. Received: a network that ends in the activation "
            f"{keras.activations.serialize(activation)!r}. Allowed: one that ends in none."
        )


def symbolic_outputs(name: str, network: keras.Model, inputs):
    """Build `network`, which errors call `name`, and return its symbolic outputs."""
    try:
        return network(inputs)
    except ValueError as error:
        shapes = keras.tree.map_structure(lambda x: tuple(x.shape), inputs)
        raise ArgumentError(
            f"{name} does not take inputs of shape {shapes}. It says: {_reason(error)}"
        ) from error


def _reason(error: ValueError) -> str:
    """Return the reason in an error of Keras, which may stand in bold among other lines."""
    bold = re.search(r"\x1b\[1m(.*?)\x1b\[0m", str(error), re.DOTALL)
    return " ".join((bold[1] if bold else str(error)).split())
