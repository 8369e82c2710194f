"""The deep belief net of Hinton, Osindero and Teh 2006, trained layer by layer."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from typing import ClassVar

import keras
import numpy as np
from keras import ops

from zoo import engine
from zoo.base.extends import extends
from zoo.engine.annealing import TEMPERATURES
from zoo.engine.batch import Batch
from zoo.engine.compilation import Argument
from zoo.engine.model import GenerativeModel, Model
from zoo.engine.tasks import Scores
from zoo.errors import ArgumentError, check_count
from zoo.layers.boltzmann import BoltzmannMachine
from zoo.metrics import elbo
from zoo.metrics.partition import LogPartition
from zoo.models.energy.bound import log_weights
from zoo.models.energy.chains import PersistentChains
from zoo.models.energy.checks import check_flag, space_of
from zoo.models.energy.codes import EncodesUnits
from zoo.models.energy.divergence import contrast, descend, fantasies_of
from zoo.models.energy.machines import OfMachine
from zoo.models.energy.rbm import RBM
from zoo.models.energy.transposed import begin_transposed, check_sizes
from zoo.models.families import create, register_family


@register_family("deep_belief_net", short="dbn", package="zoo")
class DeepBeliefNet(OfMachine, EncodesUnits, Scores, GenerativeModel):
    """Layers of binary units, of which the upper two are an RBM, and each lower one depends on the
    layer above it: p(v, h1, ..., hL) = p(v | h1) ... p(hL-1, hL).

    Each pair of layers is trained as a restricted Boltzmann machine, `zoo.models.RBM`, on hidden
    units that the machine below draws given the data. Its conditional distribution of visible units
    remains, and its distribution of hidden units is replaced by the next machine. With q of
    independent units from layer to layer, no step lowers the bound E_q[log p(v, h1, ..., hL-1) -
    log q(h1, ..., hL-1 | v)] of log p(v), if the next machine begins as this one with its layers
    exchanged and is trained by exact maximum likelihood: section 4 of Hinton, Osindero and Teh
    2006, https://doi.org/10.1162/neco.2006.18.7.1527. `fit` logs `loss_1`, ..., the
    differences of free energies of each machine (0 while it rests), and `reconstruction`, the
    squared error per image of a pass up and down.

    `call` and `predict` map images to their reconstruction.

    Args:
        image_shape: `(height, width, channels)` of the images, which are trained on with pixels 0
            and 1 alone.
        hidden_units: the number of units of each hidden layer, from below, at least two layers.
        transposed: whether each machine begins as the one below it, with its layers exchanged. Then
            each layer has at least as many units as the second one below it, and `compile` takes
            `layer_steps`.
        chains: the number of persistent chains of each machine.
        sampling_steps: the steps of Gibbs sampling in the upper machine to a sample.
        name: the name of the model.

    Raises:
        ValueError: if an argument has a wrong value.

    Example:

    >>> import numpy as np, zoo
    >>> model = zoo.create("deep_belief_net", image_shape=(4, 4, 1), hidden_units=(6, 8))
    >>> images = np.zeros((5, 4, 4, 1), "float32")
    >>> model.encode(images).shape, model.log_prob(images).shape
    ((5, 8), (5,))
    >>> model.to_classifier(num_classes=10).probabilities(images).shape
    (5, 10)

    Differs from the paper: persistent chains and centred gradients, as in `zoo.models.RBM`; no
    label units, and no training of all layers together by wake and sleep.
    """

    idea = (
        "A deep belief net stacks restricted Boltzmann machines: each learns the hidden units of "
        "the one below as its data. Images are made by Markov chains in the upper machine and one "
        "pass down. It was how deep networks were first trained: with its weights as a start, a "
        "classifier of several layers learns well."
    )
    paper = "Hinton, Osindero and Teh 2006, A Fast Learning Algorithm for Deep Belief Nets"
    paper_url = "https://doi.org/10.1162/neco.2006.18.7.1527"
    density_of = "binary"
    weight_decay = 0.0  # until `compile` sets it
    layer_steps = 0
    centred = True
    stage: int | None = None  # the machine that is trained, or `None` for all

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        hidden_units: Sequence[int] = (500, 2000),
        transposed: bool = False,
        chains: int = 100,
        sampling_steps: int = 100,
        name: str | None = None,
    ):
        super().__init__(name=name)
        self.data = space_of(image_shape, "binary")
        sizes = [self.data.size, *_checked_units(hidden_units)]
        check_flag("transposed", transposed)
        if transposed:
            check_sizes(sizes)
        self.transposed = transposed
        *lower, top = [
            BoltzmannMachine(*pair, name=f"machine_{i + 1}")
            for i, pair in enumerate(itertools.pairwise(sizes))
        ]
        self.lower = lower
        self.lower_chains = [
            PersistentChains(chains, machine.visible, name=f"chains_{i + 1}")
            for i, machine in enumerate(lower)
        ]
        self.hold(top, chains, sampling_steps)
        self.built = True

    @classmethod
    def test_config(cls):
        return {
            "image_shape": (8, 8, 1),
            "hidden_units": (10, 8),
            "chains": 4,
            "sampling_steps": 3,
        }

    def stack(self) -> list[tuple[BoltzmannMachine, PersistentChains]]:
        """Return the machines from below, each with its chains."""
        return list(
            zip([*self.lower, self.machine], [*self.lower_chains, self.chains], strict=True)
        )

    @property
    def likelihood_is(self) -> str:
        """`"bound"` if log Z of the upper machine is exact, else `"estimate"`."""
        return "bound" if self.can_enumerate else "estimate"

    @property
    def latent_dim(self) -> int:
        """The number of units of the upper layer."""
        return self.machine.hidden

    # Training

    @property
    def loss_names(self):
        return (*(f"loss_{i + 1}" for i in range(len(self.lower) + 1)), "reconstruction")

    @property
    def players(self):
        machines = [machine for machine, _ in self.stack()]
        return {f"layer_{i + 1}": m.trainable_variables for i, m in enumerate(machines)}

    def default_optimizers(self):
        return {player: keras.optimizers.SGD(0.01, momentum=0.9) for player in self.players}

    compile_arguments: ClassVar[dict[str, Argument]] = {
        **RBM.compile_arguments,
        "layer_steps": Argument(
            "layer_steps", functools.partial(check_count, "layer_steps", minimum=0)
        ),
    }

    @extends(RBM)
    def compile(self, optimizer=None, layer_steps: int = 0, **kwargs):
        """Configure training.

        Args:
            layer_steps: the steps of `fit` in which a machine is trained, before the next one is;
                the last one goes on. A change takes place where an epoch begins. With 0 all are
                trained in each step.

        Raises:
            ValueError: if there is no `layer_steps` for a model whose machines begin as the trained
                ones below them.
        """
        defaults = {"k": 1, "persistent": True, "centred": True, "weight_decay": 0.0}
        Model.compile(self, optimizer, layer_steps=layer_steps, **{**defaults, **kwargs})
        self.stage = 0 if layer_steps else None

    def complete_objective(self, attributes):
        if self.transposed and not attributes["layer_steps"]:
            raise ArgumentError(
                "layer_steps must be at least 1 for a model with transposed=True. Received: 0."
            )

    def begin_epoch(self):
        super().begin_epoch()
        if not self.layer_steps:
            return
        engine.synchronize(self)
        taken = int(ops.convert_to_numpy(self.optimizer.iterations))
        stage = min(taken // self.layer_steps, len(self.lower))
        if stage != self.stage:
            self.stage = stage
            self.make_train_function(force=True)

    def update(self, batch: Batch):
        visible, below, logs = self.flat(batch.data), None, {}
        for i, pair in enumerate(self.stack()):
            if self.stage is None or self.stage == i:
                logs |= self._trained_on(visible, pair, below, i)
            else:
                logs[f"loss_{i + 1}"] = ops.zeros(())
            if pair[0] is not self.machine:
                visible = pair[0].drawn_hidden(visible, self.random)
            below = pair
        return {**logs, "reconstruction": self.reconstruction_error(batch.data)}

    def _trained_on(self, visible, pair, below, index: int) -> dict:
        """Take a step of one machine with its chains, and return its logs."""
        machine, chains = pair
        started = self.transposed and below is not None
        if started:
            begin_transposed(pair, below, self.random if self.persistent else None)
        machine.follow(visible, started)
        own = chains if self.persistent else None
        fantasies = fantasies_of(machine, own, visible, self.random, self.k)

        def objective():
            loss = contrast(machine, visible, fantasies, self.weight_decay, self.centred)
            return loss, {f"loss_{index + 1}": loss}

        step = functools.partial(self.minimize, objective, f"layer_{index + 1}")
        return descend(machine, self.centred, step)

    def validate(self, batch: Batch):
        visible, logs = self.flat(batch.data), {}
        for i, (machine, chains) in enumerate(self.stack()):
            states = ops.convert_to_tensor(chains.states)
            if not self.persistent:
                states = fantasies_of(machine, None, visible, self.random, self.k)
            logs[f"loss_{i + 1}"] = contrast(machine, visible, states, self.weight_decay)
            if machine is not self.machine:
                visible = machine.drawn_hidden(visible, self.random)
        return {**logs, "reconstruction": self.reconstruction_error(batch.data)}

    # Use

    def shown(self, states, mean):
        """Return the mean of the pixels given states of the visible units of the upper machine, by
        one pass down of probabilities."""
        for machine in reversed(self.lower):
            states = machine.visible_mean(states)
        return ops.reshape(states, (-1, *self.image_shape))

    def encoded(self, images):
        units = self.flat(images)
        for machine, _ in self.stack():
            units = machine.hidden_mean(units)
        return units

    def decoded(self, codes):
        return self.shown(self.machine.visible_mean(codes), None)

    def log_prob(
        self,
        images,
        seed: int = 0,
        chains: int = 100,
        temperatures: int = TEMPERATURES,
        draws: int = 10,
        partition: LogPartition | None = None,
        batch_size: int = 256,
    ) -> np.ndarray:
        """Return the bound of log p(x) of each image, in nats, as a mean over draws of q.

        It is a bound as far as log Z of the upper machine is known; see `log_partition`.

        Args:
            images: of shape `(n, height, width, channels)`, with pixels 0 and 1 alone.
            seed: the seed of the draws, and of annealed importance sampling.
            chains: the number of chains of annealed importance sampling.
            temperatures: its steps.
            draws: the draws of the hidden units for each image.
            partition: log Z of the upper machine, as `log_partition` returns it, if it is known.
            batch_size: the number of images that are computed at once.

        Returns:
            A float32 NumPy array of shape `(n,)`.

        Raises:
            ValueError: if `images` has another shape, or pixels that are not binary, or if
                `partition` belongs to other weights.
        """
        (images,) = self.checked_inputs(images)
        self.data.check_values("images", images)  # as in training
        check_count("draws", draws)
        log_z = self._log_z(partition, seed, chains, temperatures)
        rng = np.random.default_rng((seed, 1))
        sizes = sum(machine.hidden for machine in self.lower)
        parts = []
        for start in range(0, len(images), check_count("batch_size", batch_size)):
            rows = images[start : start + batch_size]
            noise = rng.random((len(rows), draws, sizes), dtype="float32")
            parts.append(self.infer("weights", self._log_weights, (rows, noise), batch_size))
        return (elbo(np.concatenate(parts)) - log_z).astype("float32")

    def _log_weights(self, images, noise):
        return log_weights(self.lower, self.machine, self.flat(images), noise)

    def to_classifier(self, num_classes: int = 10):
        """Return a `zoo.models.Classifier` whose layers begin with these weights.

        It is trained on labelled images as any other, by backpropagation through all layers, as in
        Hinton and Salakhutdinov 2006, https://doi.org/10.1126/science.1127647.

        Args:
            num_classes: the number of classes.

        Raises:
            ValueError: if `num_classes` is no whole number of at least 2.
        """
        dense = [
            keras.layers.Dense(machine.hidden, "sigmoid", name=f"layer_{i + 1}")
            for i, (machine, _) in enumerate(self.stack())
        ]
        layers = [keras.Input(self.image_shape), keras.layers.Flatten(), *dense]
        body = keras.Sequential(layers, name="body")
        for layer, (machine, _) in zip(dense, self.stack(), strict=True):
            kernel, _, bias = machine.plain()
            layer.kernel.assign(kernel)
            layer.bias.assign(bias)
        return create("classifier", body=body, num_classes=num_classes)


def _checked_units(hidden_units) -> list[int]:
    """Return the numbers of units of at least two layers, or raise an `ArgumentError`."""
    if not isinstance(hidden_units, Sequence) or isinstance(hidden_units, str):
        hidden_units = [hidden_units]
    if len(hidden_units) < 2:
        raise ArgumentError(
            "hidden_units must be those of at least two layers, such as (500, 2000). Received: "
            f"{tuple(hidden_units)}. zoo.models.RBM has one layer."
        )
    return [check_count("hidden_units", units) for units in hidden_units]
