"""`Model`, the base class of all models, on top of `keras.Model`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops

from zoo import engine
from zoo.engine import draws, inputs
from zoo.engine.batch import Batch
from zoo.engine.compilation import Compiled
from zoo.engine.configuration import Configured
from zoo.engine.finite import warn_of_broken_weights, watched
from zoo.engine.forks import check_can_compute
from zoo.engine.golden import inputs_for, outputs_for
from zoo.engine.inference import batched
from zoo.engine.random import Random
from zoo.engine.saving import Saved
from zoo.engine.sharing import Shared, alone
from zoo.engine.signature import Signed
from zoo.engine.steps import Steps
from zoo.engine.stream import Positioned, Stream, own_errors
from zoo.errors import ArgumentError


class Model(Signed, Steps, Compiled, Configured, Saved, engine.StepAdaptor, Shared, keras.Model):
    """Base class of all models.

    A subclass states its signature: the spaces `data`, `condition` and `noise` (see
    `zoo.engine.spaces`), which its constructor sets, and its tasks, which are mixins (see
    `zoo.engine.tasks`). It defines its `players`, which are the sets of weights with an optimizer
    each, the names of its logs (`loss_names`), and the training step: `objective` if one optimizer
    minimises one loss, else `update` and `validate`. It draws random numbers from `self.random`.

    The result is an ordinary Keras model on each backend: `compile`, `fit`, `evaluate`, `predict`,
    `save` and the callbacks of Keras work. A loaded model is compiled, with the state of every
    optimizer and every random seed. Its configuration is captured from the arguments of its
    constructor.

    Attributes:
        data: the space of the data: of the inputs of `fit`, and of samples.
        condition: the space of the conditions, or `None`.
        noise: the space of the noise from which samples are made, a dict of such spaces, or `None`.
        idea: three sentences on the idea of the model and what it is good for, with which the page
            of a preset begins; `None` leaves them out.
        averages: the names of the attributes that no player trains: averaged or given networks.
    """

    idea: str | None = None
    paper: str = "none"
    paper_url: str = "none"
    averages: ClassVar[tuple[str, ...]] = ()

    def __init__(self, name: str | None = None):
        self.share()
        super().__init__(name=name)
        with draws.on_host():
            self.seed_generator = keras.random.SeedGenerator()
        self.random = Random(self.seed_generator)
        self._inference_functions = {}

    # Definitions by subclasses

    @classmethod
    def test_config(cls) -> dict[str, Any]:
        """Return the constructor's arguments for a tiny model, on which the contract suite runs."""
        raise NotImplementedError

    @classmethod
    def test_compile(cls) -> dict[str, Any]:
        """Return the arguments of `compile` with which the contract suite trains the tiny model.

        A model overrides this method if its own arguments make a step long, such as five updates of
        a critic.
        """
        return {}

    @property
    def players(self) -> dict[str, list[keras.Variable]]:
        """The trainable weights of each optimizer, by the name of its player.

        By default one player, `"model"`, has all of them.
        """
        return {"model": self.trainable_variables}

    @property
    def loss_names(self) -> tuple[str, ...]:
        """The names of the scalars that `update` and `validate` return."""
        raise NotImplementedError

    def default_optimizers(self) -> dict[str, keras.optimizers.Optimizer]:
        """Return a new optimizer for each player, by default the paper's."""
        raise NotImplementedError

    def objective(self, batch: Batch, training: bool) -> tuple[Any, dict[str, Any]]:
        """Return the loss, a scalar, and a dict with a scalar for each of `loss_names`.

        A model with one player defines this method alone.
        """
        raise NotImplementedError

    def update(self, batch: Batch) -> dict[str, Any]:
        """Take one training step, and return a dict with a scalar for each of `loss_names`."""
        return self.minimize(lambda: self.objective(batch, training=True), "model")

    def validate(self, batch: Batch) -> dict[str, Any]:
        """Return the scalars of `update` for a validation batch, without training."""
        return self.objective(batch, training=False)[1]

    @property
    def can_judge(self) -> bool:
        """Whether the model tells real data from generated, by `discriminate(data, labels)`.

        It takes labels if the attribute `discriminator_sees_labels` is true.
        """
        return False

    def suit_few(self, trained: list[keras.layers.Layer]) -> list[str]:
        """Change the compiled model so that it does not learn 100 to 1,000 images by heart.

        By default nothing is changed.

        Args:
            trained: its layers that have the weights of another model.

        Returns:
            A phrase on each change.
        """
        return []

    def components(self) -> dict[str, keras.Model]:
        """Return the parts for `zoo.load(name, components=[...])`, by name.

        A model that samples has a part that draws the same samples, see `zoo.models.Sampler`.
        """
        return {}

    def golden_inputs(self, n: int) -> dict[str, np.ndarray]:
        """Return `n` inputs by which the outputs of different backends are compared."""
        return inputs_for(self, n)

    def golden_outputs(self, inputs: dict[str, np.ndarray]) -> np.ndarray:
        """Return the outputs of the model for `golden_inputs`."""
        return outputs_for(self, inputs)

    # Steps

    @alone
    def fit(self, x=None, y=None, *args, **kwargs):
        """Train the model, as `keras.Model.fit` does.

        Batches of `zoo.data` are read ahead, and each epoch takes the full batches in an order of
        its own. `initial_epoch` chooses the order of the first epoch; without it, a second call
        continues where the first one ended. A model without a condition ignores `y`, with a
        warning.
        """
        arguments = _arguments(keras.Model.fit, x, y, *args, **kwargs)
        arguments["callbacks"] = watched(self, arguments.get("callbacks"))
        weights = {key: arguments.pop(key, None) for key in ("sample_weight", "class_weight")}
        vars(self)["_warned_of_y"] = False
        x, y = inputs.checked(self, x, y, **weights)
        validation, fraction = arguments.get("validation_data"), arguments.get("validation_split")
        if validation is not None:
            arguments["validation_data"] = inputs.held_out(self, validation, arguments)
        engine.equalize([*self.variables, *self.optimizer.variables])
        seed = [int(number) for number in ops.convert_to_numpy(self.seed_generator.state)]
        changes = inputs.shared(self, x, y, arguments, seed)
        if fraction and validation is None:
            x, y, arguments["validation_data"] = inputs.split(x, y, fraction)
        arguments.pop("validation_split", None)
        arguments |= {"x": x, "y": y, **changes}
        if hasattr(x, "stream"):
            return self._fit_batches(x, arguments)
        shuffle = arguments.get("shuffle", True)
        arguments["x"] = stream = inputs.stream(self, arguments["x"], shuffle=shuffle)
        if (steps := arguments.get("steps_per_epoch")) and isinstance(stream, Stream):
            epochs = arguments.get("epochs", 1) - arguments.get("initial_epoch", 0)
            stream.needed = steps * epochs
        return self._fit(arguments)

    def _fit_batches(self, batches, arguments: dict[str, Any]):
        """Train on batches of `zoo.data`, from the step of the first epoch on."""
        steps = arguments.get("steps_per_epoch") or batches.full_batches
        position = batches.position

        def start() -> int:
            epoch = self._initial_epoch or arguments.get("initial_epoch")
            return position if epoch is None else epoch * steps

        fed = Positioned(arguments["x"], start)
        history = self._fit({**arguments, "x": fed, "steps_per_epoch": steps, "shuffle": False})
        batches.position = start() + len(history.epoch) * steps
        return history

    def _fit(self, arguments: dict[str, Any]):
        """Call `fit` of Keras, without what an earlier call or one that fails leaves behind."""
        self._initial_epoch = None  # the epoch that a callback has restored
        try:
            with own_errors(arguments["x"], arguments.get("validation_data")):
                return super().fit(**arguments)
        finally:
            vars(self).pop("_eval_epoch_iterator", None)

    @alone
    def evaluate(self, x=None, y=None, *args, **kwargs):
        """Return the losses on data, as `keras.Model.evaluate` does."""
        arguments = _arguments(keras.Model.evaluate, x, y, *args, **kwargs)
        if arguments.get("_use_cached_eval_dataset"):  # a call of `fit`, which has checked the data
            return super().evaluate(**arguments)
        vars(self)["_warned_of_y"] = False
        x, y = inputs.checked(self, x, y, sample_weight=arguments.pop("sample_weight", None))
        x = x.fixed() if hasattr(x, "fixed") else x  # batches of `zoo.data`, in a fixed order
        changes = inputs.shared(self, x, y, arguments)
        changes.pop("shuffle", None)
        arguments |= {"x": x, "y": y, **changes}
        arguments["x"] = inputs.stream(self, arguments["x"])
        with own_errors(arguments["x"]):
            return super().evaluate(**arguments)

    @alone
    def train_on_batch(self, x, y=None, sample_weight=None, class_weight=None, return_dict=False):
        """Take one step on a batch, as `keras.Model.train_on_batch` does."""
        vars(self)["_warned_of_y"] = False
        x, y = inputs.one_batch(self, x, y, sample_weight, class_weight)
        return super().train_on_batch(x, y, return_dict=return_dict)

    @alone
    def test_on_batch(self, x, y=None, sample_weight=None, return_dict=False):
        """Return the losses on a batch, as `keras.Model.test_on_batch` does."""
        vars(self)["_warned_of_y"] = False
        x, y = inputs.one_batch(self, x, y, sample_weight)
        return super().test_on_batch(x, y, return_dict=return_dict)

    @alone
    def predict(self, x, *args, **kwargs):
        """Return the outputs of `call`, as `keras.Model.predict` does."""
        arguments = _arguments(keras.Model.predict, inputs.called(self, x), *args, **kwargs)
        with own_errors(arguments["x"]):
            return super().predict(**arguments)

    @alone
    def predict_on_batch(self, x):
        """Return the outputs of `call` for a batch, as `keras.Model.predict_on_batch` does."""
        return super().predict_on_batch(inputs.one_batch_called(self, x))

    def save_own_variables(self, store):
        warn_of_broken_weights(self)  # in each way of saving a model that Keras has
        super().save_own_variables(store)

    # Inference

    def export(
        self, filepath, format="tf_saved_model", verbose=None, input_signature=None, **kwargs
    ):
        """Export the model, as `keras.Model.export` does.

        `input_signature` is by default the signature of `call`.
        """
        signature = self.call_signature() if input_signature is None else input_signature
        return super().export(filepath, format, verbose, signature, **kwargs)

    def checked_inputs(
        self, images, labels=None, labelled: bool | None = None, in_range: bool = True
    ) -> tuple[np.ndarray, ...]:
        """Return data, and conditions if they are needed, as arrays for `infer`, or raise.

        Args:
            images: the data.
            labels: their conditions.
            labelled: whether conditions are needed; by default if the model has a condition.
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
        """Return the outputs of `fn` for the arrays `inputs`, computed in batches of rows.

        `fn` is compiled once and kept under the name `key`; see `zoo.engine.inference.batched`.
        """
        check_can_compute()
        with self.turns:
            engine.synchronize(self)
            return batched(self.kept(key, lambda: engine.compiled(fn, self)), inputs, batch_size)

    def kept(self, key: str, make: Callable[[], Any]) -> Any:
        """Return what `make` makes, kept under the name `key` until the model's layers change."""
        self.forget_stale_functions()
        if key not in self._inference_functions:
            self._inference_functions[key] = make()
        return self._inference_functions[key]


class GenerativeModel(Model):
    """Base class of models that make data, from noise, from a condition or from a code."""


def _arguments(method, *args, **kwargs) -> dict[str, Any]:
    """Return the arguments of a call of `method`, by name, without `self`."""
    bound = inspect.signature(method).bind(None, *args, **kwargs).arguments
    bound.pop("self")
    inputs.check_counts(bound)
    rest = bound.pop("kwargs", {})
    return {**bound, **rest}
