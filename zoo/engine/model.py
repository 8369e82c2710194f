"""`GenerativeModel`: what every rule of the zoo shares, on top of `keras.Model`."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo import engine
from zoo.engine import players
from zoo.engine.batch import Batch, check_images, check_range
from zoo.engine.inference import batched
from zoo.engine.inputs import checked, shared
from zoo.engine.labels import check_labels
from zoo.engine.means import Means
from zoo.engine.random import Fixed, Random
from zoo.errors import ArgumentError, unknown_name


class GenerativeModel(engine.StepAdaptor, keras.Model):
    """Base class of the training rules.

    A rule says what its `players` are (the sets of weights that have an optimizer of their own),
    which losses it logs (`loss_names`), what one training step does (`update`) and what it reports
    on validation data (`validate`). Both draw their random numbers from `self.random`. In return it
    is an ordinary Keras model on each backend: `compile`, `fit`, `evaluate`, `predict`, `save` and
    the callbacks of Keras work, a saved model comes back compiled with the state of every optimizer
    and of every random seed, and its configuration is captured from its constructor.
    """

    paper: str
    paper_url: str
    value_range: tuple[float, float] | None = None  # of images; None: any
    image_shape: tuple[int, ...]  # (height, width, channels), or (features,) for points
    num_classes: int | None = None  # of a conditional model

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        for name in {"loss", "optimizer", "stop_training"} & set(vars(cls)):
            raise TypeError(
                f"{cls.__name__} must not define {name!r}: Keras assigns an attribute of this name."
            )
        for parameter in inspect.signature(cls.__init__).parameters.values():
            if parameter.kind is parameter.VAR_POSITIONAL:
                raise TypeError(
                    f"The constructor of {cls.__name__} must not take *{parameter.name}: "
                    "a configuration holds named arguments."
                )

    def __new__(cls, *args, **kwargs):
        model = super().__new__(cls, *args, **kwargs)
        signature = inspect.signature(cls.__init__)
        try:
            bound = signature.bind(model, *args, **kwargs)
        except TypeError:
            return model  # `__init__` is about to raise the same error, with the better traceback.
        bound.apply_defaults()
        _, *arguments = bound.arguments.items()
        flat = {}
        for name, value in arguments:
            named = signature.parameters[name].kind is not inspect.Parameter.VAR_KEYWORD
            flat.update({name: value} if named else value)
        # Past Keras's tracking: the arguments are not a second place in which sub-models live.
        vars(model)["_constructor_arguments"] = players.Frozen(flat)
        vars(model)["_built_under"] = keras.config.dtype_policy().name
        return model

    def __init__(self, name: str | None = None):
        super().__init__(name=name)
        self.seed_generator = keras.random.SeedGenerator()
        self.random = Random(self.seed_generator)
        self._inference_functions = {}

    # What a rule defines

    @classmethod
    def test_config(cls) -> dict[str, Any]:
        """The constructor's arguments for a tiny model, with which the contract is tested."""
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
        """A new optimizer for every player: the paper's."""
        raise NotImplementedError

    def update(self, batch: Batch) -> dict[str, Any]:
        """One training step; returns a scalar for each of `loss_names`."""
        raise NotImplementedError

    def validate(self, batch: Batch) -> dict[str, Any]:
        """The same scalars for a validation batch, with nothing trained."""
        raise NotImplementedError

    def contract(self) -> dict[str, Any]:
        """What goes in and what comes out, for the card; see `zoo.presets.card.Contract`."""
        classes = None if self.num_classes is None else [str(i) for i in range(self.num_classes)]
        return {
            "output_shape": list(self.image_shape),
            "output_range": self.value_range,
            "labels": classes,
        }

    def components(self) -> dict[str, keras.Model]:
        """The parts that `zoo.load(name, components=[...])` gives alone, by name; of a model that
        samples, one that samples as it does, see `zoo.models.Sampler`."""
        return {}

    def golden_inputs(self, n: int) -> dict[str, np.ndarray]:
        """Inputs for which each backend must give the same outputs."""
        raise NotImplementedError

    def golden_outputs(self, inputs: dict[str, np.ndarray]) -> np.ndarray:
        """What the model makes of `golden_inputs`."""
        raise NotImplementedError

    # Configuration

    @classmethod
    def constructor_names(cls, config: dict[str, Any]) -> list[str]:
        """Return the names of the arguments that the constructor takes beside those of `config`."""
        return [name for name in inspect.signature(cls.__init__).parameters if name != "self"]

    def constructor_argument(self, name: str) -> Any:
        """What the user gave the constructor as `name`, or its default; `None` if it has none."""
        return self._constructor_arguments.get(name)

    def get_config(self) -> dict[str, Any]:
        config = {
            key: keras.saving.serialize_keras_object(value)
            for key, value in self._constructor_arguments.items()
        }
        return {**config, "dtype_policy": self._built_under}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """The model of `config`; without `dtype_policy` in it, under the policy in force."""
        arguments = {
            key: keras.saving.deserialize_keras_object(value, custom_objects=custom_objects)
            for key, value in config.items()
            if key != "dtype_policy"
        }
        policy = keras.config.dtype_policy()
        keras.config.set_dtype_policy(config.get("dtype_policy", policy))
        try:
            return cls(**arguments)
        finally:
            keras.config.set_dtype_policy(policy)

    # Compilation

    def compile(
        self,
        optimizer=None,
        jit_compile: bool | str = "auto",
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        **objective,
    ):
        """Configures training; without arguments, as in the paper.

        Args:
            optimizer: `None` for the paper's optimizers, one optimizer (or its name), of which
                every player gets a copy, or a dict from player to optimizer, in which players left
                out keep the paper's.
            jit_compile: `"auto"` compiles with XLA where that is faster: on JAX, and on TensorFlow
                with a GPU.
            run_eagerly: runs each step uncompiled, for debugging.
            steps_per_execution: as in Keras; PyTorch allows 1 only.
            **objective: the arguments of a rule's own `compile`, which a saved model remembers.

        Raises:
            UnknownNameError: if an argument is not one that the rule's `compile` names.
            ValueError: if the optimizers, or the layers of the model, do not allow to train it.
        """
        for name in objective:
            if name not in self._compile_names():
                what = f"argument of {type(self).__name__}.compile"
                raise unknown_name(what, name, self._compile_names())
        optimizers = self.resolve_optimizers(optimizer)
        super().compile(
            optimizer=players.container(optimizers, self.players),
            run_eagerly=run_eagerly,
            steps_per_execution=steps_per_execution,
            jit_compile=not run_eagerly
            and (engine.jit_by_default() if jit_compile == "auto" else jit_compile),
            auto_scale_loss=False,
        )
        self.optimizer.build(self.trainable_variables)
        # Past Keras's tracking, which would take the optimizers for a second set of state.
        vars(self)["_optimizers"] = players.Frozen(optimizers)
        vars(self)["_means"] = Means(self.loss_names)
        vars(self)["_logged_by"] = {}
        vars(self)["_compile_arguments"] = players.Frozen(
            {
                **objective,
                "jit_compile": jit_compile,
                "run_eagerly": run_eagerly,
                "steps_per_execution": steps_per_execution,
            }
        )

    @classmethod
    def _compile_names(cls) -> list[str]:
        """The arguments that `compile` names, here and in the parents it passes them on to."""
        own = [c.compile for c in cls.mro() if issubclass(c, GenerativeModel)]
        named = [p for fn in own for p in inspect.signature(fn).parameters.values()]
        return sorted({p.name for p in named if p.kind is not p.VAR_KEYWORD} - {"self"})

    def resolve_optimizers(self, optimizer) -> dict[str, keras.optimizers.Optimizer]:
        """An optimizer for each player, from what `compile` was given.

        Raises:
            ArgumentError: if that, or something else of this model, does not allow to train it.
                Nothing has been changed then.
        """
        layers = self._flatten_layers(include_self=False)
        for layer in layers:
            if getattr(layer, "activity_regularizer", None) is not None:
                raise ArgumentError(
                    f"The layer {layer.name} has an activity_regularizer, which is not supported. "
                    "Allowed: regularizers of weights."
                )
        found = players.resolve_optimizers(optimizer, self.default_optimizers())
        return players.scaled(found, layers)

    def get_compile_config(self) -> dict[str, Any]:
        if not self.compiled:
            return {}
        arguments = keras.saving.serialize_keras_object(dict(self._compile_arguments.items()))
        return {"optimizer": players.serialized(self._optimizers), **arguments}

    def compile_from_config(self, config: dict[str, Any]) -> None:
        self.compile(**keras.saving.deserialize_keras_object(config))

    @property
    def optimizers(self) -> dict[str, keras.optimizers.Optimizer]:
        """The optimizer of every player."""
        return dict(self._optimizers.items())

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return [self._means] if self.compiled else []

    @property
    def metrics_names(self) -> list[str]:
        return list(self.loss_names) if self.compiled else []

    def _flatten_metrics_in_order(self, logs):
        # What `evaluate` gives without `return_dict`: Keras would take names of metrics.
        found = [logs[name] for name in self.loss_names]
        return found[0] if len(found) == 1 else found

    # Steps

    def fit(self, x=None, y=None, *args, **kwargs):
        """As `keras.Model.fit`; batches of `zoo.data` are read ahead, and each epoch takes its
        whole ones, in an order of its own. `initial_epoch` says which epoch's order comes first;
        else a second call goes on where the first one ended."""
        given = _arguments(keras.Model.fit, x, y, *args, **kwargs)
        weights = {key: given.get(key) for key in ("sample_weight", "class_weight")}
        x, y = checked(self, x, y, **weights)
        engine.equalize([*self.variables, *self.optimizer.variables])
        seed = [int(number) for number in ops.convert_to_numpy(self.seed_generator.state)]
        own = shared(self, x, y, given, seed)
        if not hasattr(x, "stream"):
            ordered = {"shuffle": False} if isinstance(x, Iterator) else {}  # or Keras warns
            return super().fit(**{**ordered, **given, "x": x, "y": y, **own})
        steps = given.get("steps_per_epoch") or x.full_batches
        start = given["initial_epoch"] * steps if "initial_epoch" in given else x.position
        fed = engine.feed(own.get("x", x), start)
        ready = {"x": fed, "steps_per_epoch": steps, "shuffle": False}
        history = super().fit(**{**given, **ready})
        x.position = start + len(history.epoch) * steps
        return history

    def evaluate(self, x=None, y=None, *args, **kwargs):
        given = _arguments(keras.Model.evaluate, x, y, *args, **kwargs)
        x, y = checked(self, x, y, sample_weight=given.get("sample_weight"))
        if hasattr(x, "fixed"):  # batches of `zoo.data`: the same each time
            x = x.fixed()
        own = shared(self, x, y, given)
        own.pop("shuffle", None)
        return super().evaluate(**{**given, "x": x, "y": y, **own})

    def minimize(self, loss_fn, player: str):
        """One step of `player`'s optimizer on `loss_fn() -> (loss, logs)`; returns the logs.

        Weight regularizers of the player's layers are added to the loss.
        """
        variables, optimizer = self.players[player], self._optimizers[player]

        def regularized():
            loss, logs = loss_fn()
            total = loss + sum(v.regularizer(v) for v in variables if v.regularizer is not None)
            return optimizer.scale_loss(total), logs

        (_, logs), grads = engine.value_and_grad(regularized, variables)
        players.step(optimizer, engine.averaged(grads), variables)
        self._logged_by[player] = tuple(logs)
        return logs

    @property
    def logged_by(self) -> dict[str, tuple[str, ...]]:
        """The names of what each player logs, in the order of their updates; of a compiled model,
        once its first step was traced."""
        return dict(self._logged_by)

    def training_logs(self, data) -> dict[str, Any]:
        batch = self.unpack(data)
        logs = self._track(batch, self.update(batch))
        if engine.replicas() > 1:
            # Of Keras's own batch norm, which sees the rows of one replica.
            statistics = [
                variable
                for layer in self._flatten_layers(include_self=False)
                if isinstance(layer, keras.layers.BatchNormalization)
                for variable in layer.non_trainable_variables
            ]
            for variable, mean in zip(statistics, engine.averaged(statistics), strict=True):
                variable.assign(mean)
        self.optimizer.iterations.assign_add(1)
        return logs

    def validation_logs(self, data) -> dict[str, Any]:
        batch = self.unpack(data)
        of_training, vars(self)["random"] = self.random, Fixed()
        try:
            return self._track(batch, self.validate(batch))
        finally:
            vars(self)["random"] = of_training

    def unpack(self, data) -> Batch:
        """The batch of `data`, which is what `fit` was given: images, `(images, labels)` or a tuple
        of one.

        Models that are not conditional drop the labels. Labels out of range, which `fit` refuses
        where it sees them, make the loss NaN where only the device does.
        """
        images, labels, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        if sample_weight is not None:
            raise ArgumentError(
                f"{type(self).__name__} takes no sample_weight and no class_weight."
            )
        check_images("x", images, self.image_shape)
        images = ops.cast(images, "float32")
        if self.num_classes is None:
            return Batch(images)
        if labels is None or "int" not in keras.backend.standardize_dtype(labels.dtype):
            received = "none" if labels is None else f"labels of type {labels.dtype}"
            raise ArgumentError(
                f"{type(self).__name__} needs integer labels, fit(images, labels) or batches of "
                f"(images, labels). Received: {received}."
            )
        if tuple(labels.shape[1:]) not in ((), (1,)):
            raise ArgumentError(
                f"labels must be integers of shape (batch,). Received: shape {labels.shape}."
            )
        labels = ops.cast(ops.reshape(labels, (-1,)), "int32")
        kept = ops.clip(labels, 0, self.num_classes - 1)
        return Batch(ops.where(ops.all(kept == labels), images, float("nan")), kept)

    def unpaired(self, inputs) -> tuple:
        """What `call` is given, as images or latents, and labels, which are `None` where the model
        is not conditional."""
        if self.num_classes is None:
            return inputs, None
        if not isinstance(inputs, list | tuple) or len(inputs) != 2:
            raise ArgumentError(
                f"{type(self).__name__} is conditional: it is called with two inputs, the second "
                "of which are labels."
            )
        return tuple(inputs)

    def _track(self, batch: Batch, logs: dict[str, Any]) -> dict[str, Any]:
        size = ops.shape(batch.images)[0]
        means = engine.averaged(list(logs.values()))
        self._means.update_state(dict(zip(logs, means, strict=True)), size)
        return self._means.result()

    # State

    def _own_state(self) -> list:
        """The variables that no sub-model saves: this model's own, and the state of every seed
        generator."""
        saved = {id(v) for v in self.weights}
        own = [*self._trainable_variables, *self._non_trainable_variables]
        return own + [v for v in self.non_trainable_variables if id(v) not in saved]

    def save_own_variables(self, store) -> None:
        for index, variable in enumerate(self._own_state()):
            store[str(index)] = ops.convert_to_numpy(variable)

    def load_own_variables(self, store) -> None:
        state = self._own_state()
        if len(store.keys()) != len(state):
            raise ArgumentError(
                f"{type(self).__name__} has {len(state)} variables of its own; the file holds "
                f"{len(store.keys())}. "
                "It was saved from another architecture."
            )
        for index, variable in enumerate(state):
            variable.assign(store[str(index)])

    # Inference

    def call_signature(self) -> list:
        """The inputs of `call`, for `export`: by default images."""
        images = keras.InputSpec(shape=(None, *self.image_shape), dtype="float32")
        if self.num_classes is None:
            return [images]
        return [[images, keras.InputSpec(shape=(None,), dtype="int32")]]

    def export(
        self, filepath, format="tf_saved_model", verbose=None, input_signature=None, **kwargs
    ):
        """As `keras.Model.export`; `input_signature` is by default that of `call`."""
        signature = self.call_signature() if input_signature is None else input_signature
        return super().export(filepath, format, verbose, signature, **kwargs)

    def checked_inputs(
        self, images, labels=None, labelled: bool | None = None, in_range: bool = True
    ) -> tuple[np.ndarray, ...]:
        """`(images,)`, or `(images, labels)` where `labelled` (by default: for conditional models),
        as arrays for `infer`, or an error, also where values must be `in_range` and are not."""
        labelled = self.num_classes is not None if labelled is None else labelled
        images = ops.convert_to_numpy(images)
        check_images("images", images, self.image_shape)
        images = images.astype("float32")
        if in_range and self.value_range is not None:
            check_range("images", images, self.value_range, in_training=False)
        if not labelled:
            if labels is not None:
                raise ArgumentError(
                    f"{type(self).__name__} takes no labels here. Received: labels={labels!r}."
                )
            return (images,)
        if labels is None:
            raise ArgumentError(f"{type(self).__name__} needs labels, one for each image.")
        return images, check_labels("labels", labels, self.num_classes, rows=len(images))

    def infer(self, key: str, fn, inputs: tuple[np.ndarray, ...], batch_size: int):
        """`fn`, jitted, over the rows of the arrays `inputs`, see `zoo.engine.inference.batched`.

        `key` is the name under which the compiled function is kept.
        """
        engine.synchronize(self)
        if key not in self._inference_functions:
            self._inference_functions[key] = engine.compiled(fn, self.variables)
        return batched(self._inference_functions[key], inputs, batch_size)


def _arguments(method, *args, **kwargs) -> dict[str, Any]:
    """What `method` was called with, by name."""
    bound = inspect.signature(method).bind(None, *args, **kwargs).arguments
    bound.pop("self")
    rest = bound.pop("kwargs", {})
    return {**bound, **rest}
