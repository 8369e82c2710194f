"""`Model`: the base class of the training rules, on top of `keras.Model`."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo import engine
from zoo.engine.batch import Batch
from zoo.engine.compilation import Compiled
from zoo.engine.configuration import Configured
from zoo.engine.golden import inputs_for, outputs_for
from zoo.engine.inference import batched
from zoo.engine.inputs import checked, shared
from zoo.engine.random import Random
from zoo.engine.signature import Signed
from zoo.engine.steps import Steps
from zoo.errors import ArgumentError


class Model(Signed, Steps, Compiled, Configured, engine.StepAdaptor, keras.Model):
    """Base class of the training rules.

    A rule states its signature: the spaces `data`, `condition` and `noise` (see
    `zoo.engine.spaces`), which its constructor sets, and its tasks, which it inherits (see
    `zoo.engine.tasks`). It says what its `players` are (the sets of weights that have an optimizer
    of their own), which losses it logs (`loss_names`), and what one training step does: `objective`
    alone where one optimizer minimises one loss, else `update` and `validate`. Random numbers come
    from `self.random`. In return it is an ordinary Keras model on each backend: `compile`, `fit`,
    `evaluate`, `predict`, `save` and the callbacks of Keras work, a saved model comes back compiled
    with the state of every optimizer and of every random seed, and its configuration is captured
    from its constructor.

    Attributes:
        data: the space of the data that `fit` takes and samples belong to.
        condition: the space of the conditions, or `None`.
        noise: the space of the noise that samples are made of, a dict of such spaces, or `None`.
    """

    paper: str = "none"
    paper_url: str = "none"

    def __init__(self, name: str | None = None):
        super().__init__(name=name)
        self.seed_generator = keras.random.SeedGenerator()
        self.random = Random(self.seed_generator)
        self._inference_functions = {}

    # What a rule defines

    @classmethod
    def test_config(cls) -> dict[str, Any]:
        """Return the constructor's arguments for a tiny model, with which the contract is
        tested."""
        raise NotImplementedError

    @property
    def players(self) -> dict[str, list[keras.Variable]]:
        """The weights that are trained: for each optimizer its own, by name. By default one has
        all."""
        return {"model": self.trainable_variables}

    @property
    def loss_names(self) -> tuple[str, ...]:
        """The names of what `update` and `validate` report."""
        raise NotImplementedError

    def default_optimizers(self) -> dict[str, keras.optimizers.Optimizer]:
        """Return a new optimizer for every player: the paper's."""
        raise NotImplementedError

    def objective(self, batch: Batch, training: bool) -> tuple[Any, dict[str, Any]]:
        """Return the loss, a scalar, and a scalar for each of `loss_names`, of a rule with one
        player."""
        raise NotImplementedError

    def update(self, batch: Batch) -> dict[str, Any]:
        """Take one training step, and return a scalar for each of `loss_names`."""
        return self.minimize(lambda: self.objective(batch, training=True), "model")

    def validate(self, batch: Batch) -> dict[str, Any]:
        """Return the same scalars for a validation batch, with nothing trained."""
        return self.objective(batch, training=False)[1]

    def components(self) -> dict[str, keras.Model]:
        """Return the parts that `zoo.load(name, components=[...])` gives alone, by name; of a model
        that samples, one that samples as it does, see `zoo.models.Sampler`."""
        return {}

    def golden_inputs(self, n: int) -> dict[str, np.ndarray]:
        """Return inputs for which each backend must give the same outputs."""
        return inputs_for(self, n)

    def golden_outputs(self, inputs: dict[str, np.ndarray]) -> np.ndarray:
        """Return the outputs of the model for `golden_inputs`."""
        return outputs_for(self, inputs)

    # Steps

    def fit(self, x=None, y=None, *args, **kwargs):
        """Train as `keras.Model.fit` does.

        Batches of `zoo.data` are read ahead, and each epoch takes its whole ones, in an order of
        its own. `initial_epoch` says which epoch's order comes first; else a second call goes on
        where the first one ended. A `y` that the model has no use for is ignored, with a warning.
        """
        arguments = _arguments(keras.Model.fit, x, y, *args, **kwargs)
        weights = {key: arguments.get(key) for key in ("sample_weight", "class_weight")}
        vars(self)["_warned_of_y"] = False
        x, y = checked(self, x, y, **weights)
        engine.equalize([*self.variables, *self.optimizer.variables])
        seed = [int(number) for number in ops.convert_to_numpy(self.seed_generator.state)]
        changes = shared(self, x, y, arguments, seed)
        if not hasattr(x, "stream"):
            ordered = {"shuffle": False} if isinstance(x, Iterator) else {}  # or Keras warns
            return super().fit(**{**ordered, **arguments, "x": x, "y": y, **changes})
        steps = arguments.get("steps_per_epoch") or x.full_batches
        start = arguments["initial_epoch"] * steps if "initial_epoch" in arguments else x.position
        fed = engine.feed(changes.get("x", x), start)
        ready = {"x": fed, "steps_per_epoch": steps, "shuffle": False}
        history = super().fit(**{**arguments, **ready})
        x.position = start + len(history.epoch) * steps
        return history

    def evaluate(self, x=None, y=None, *args, **kwargs):
        arguments = _arguments(keras.Model.evaluate, x, y, *args, **kwargs)
        vars(self)["_warned_of_y"] = False
        x, y = checked(self, x, y, sample_weight=arguments.get("sample_weight"))
        if hasattr(x, "fixed"):  # batches of `zoo.data`: the same each time
            x = x.fixed()
        changes = shared(self, x, y, arguments)
        changes.pop("shuffle", None)
        return super().evaluate(**{**arguments, "x": x, "y": y, **changes})

    # Inference

    def export(
        self, filepath, format="tf_saved_model", verbose=None, input_signature=None, **kwargs
    ):
        """Export as `keras.Model.export` does; `input_signature` is by default that of `call`."""
        signature = self.call_signature() if input_signature is None else input_signature
        return super().export(filepath, format, verbose, signature, **kwargs)

    def checked_inputs(
        self, images, labels=None, labelled: bool | None = None, in_range: bool = True
    ) -> tuple[np.ndarray, ...]:
        """Return data, and conditions where `labelled`, as arrays for `infer`, or raise.

        Args:
            images: data.
            labels: their conditions.
            labelled: whether conditions are needed; by default where the model has any.
            in_range: whether data out of range are an error.
        """
        labelled = self.condition is not None if labelled is None else labelled
        images = self.data.checked(self.data.noun, images, in_range=in_range)
        if not labelled:
            if labels is not None:
                raise ArgumentError(
                    f"{type(self).__name__} takes no labels here. Received: labels={labels!r}."
                )
            return (images,)
        if labels is None:
            raise ArgumentError(
                f"{type(self).__name__} needs {self.condition.noun}, one for each image."
            )
        return images, self.condition.checked(self.condition.noun, labels, rows=len(images))

    def infer(self, key: str, fn, inputs: tuple, batch_size: int):
        """Return `fn`, jitted, over the rows of the arrays `inputs`, see
        `zoo.engine.inference.batched`.

        `key` is the name under which the compiled function is kept.
        """
        engine.synchronize(self)
        if key not in self._inference_functions:
            self._inference_functions[key] = engine.compiled(fn, self.variables)
        return batched(self._inference_functions[key], inputs, batch_size)


class GenerativeModel(Model):
    """Base class of the training rules that make data: from noise, from a condition, or from a
    code."""


def _arguments(method, *args, **kwargs) -> dict[str, Any]:
    """Return the arguments of a call of `method`, by name."""
    bound = inspect.signature(method).bind(None, *args, **kwargs).arguments
    bound.pop("self")
    rest = bound.pop("kwargs", {})
    return {**bound, **rest}
