"""The restricted Boltzmann machine, trained by contrastive divergence and persistent chains."""

from __future__ import annotations

import functools
from typing import ClassVar

import keras
import numpy as np
from keras import ops

from zoo.base.extends import extends
from zoo.engine.annealing import TEMPERATURES
from zoo.engine.batch import Batch
from zoo.engine.compilation import Argument
from zoo.engine.model import GenerativeModel
from zoo.engine.tasks import Scores
from zoo.errors import check_count, check_number
from zoo.layers.boltzmann import BoltzmannMachine
from zoo.metrics.partition import LogPartition
from zoo.models.energy.checks import check_flag, space_of
from zoo.models.energy.codes import EncodesUnits
from zoo.models.energy.divergence import contrast, descend, fantasies_of
from zoo.models.energy.machines import OfMachine
from zoo.models.families import register_family


@register_family("rbm", package="zoo")
class RBM(OfMachine, EncodesUnits, Scores, GenerativeModel):
    """A layer of visible units, the pixels v, and a layer of binary hidden units h that see them.

    It has p(v) = Σ_h exp(-E(v, h)) / Z with E(v, h) = -b·v - c·h - vᵀWh. The gradient of the mean
    log-likelihood is that of -E_data[F(v)] + E_model[F(v)], with the free energy F(v) = -b·v -
    Σ_j softplus(c_j + (vᵀW)_j). In contrastive divergence, equation 5 of Hinton 2002,
    https://doi.org/10.1162/089976602760128018, the samples of the model are those of `k` steps of
    Gibbs sampling from the data. In its persistent form (Tieleman 2008,
    https://doi.org/10.1145/1390156.1390290), the default, they are chains that go on from step to
    step. `fit` minimises E_data[F] - E_chains[F], and logs it as `loss`, which is no measure of
    progress, nor is `reconstruction`, the squared error per image of E[v | E[h | v]].
    `log_prob` is.

    `call` and `predict` map images to their reconstruction E[v | E[h | v]].

    Args:
        image_shape: `(height, width, channels)` of the images, which are trained on with pixels 0
            and 1 alone; with Gaussian units of any value, and also `(features,)`.
        hidden_units: the number of hidden units.
        visible: `"binary"`, or `"gaussian"` for real values of variance 1 given h, with the term
            |v|²/2 in the energy. Data should have about this variance.
        chains: the number of persistent chains.
        sampling_steps: the steps of Gibbs sampling from a copy of a chain to a sample.
        name: the name of the model.

    Raises:
        ValueError: if an argument has a wrong value.

    Example:

    >>> import numpy as np, zoo
    >>> model = zoo.create("rbm", image_shape=(3, 3, 1), hidden_units=4)
    >>> images = np.zeros((5, 3, 3, 1), "float32")
    >>> model.encode(images).shape, model.log_prob(images).shape
    ((5, 4), (5,))
    >>> model.sample(2, seed=0, steps=10).shape, model.log_partition().method
    ((2, 3, 3, 1), 'exact')

    Differs from the paper: chains persist, and the gradient is centred (Melchior, Fischer and
    Wiskott 2016), by default; the visible units of the last step are samples, and not
    probabilities; the momentum is 0.9 from the start; the first batch sets the visible biases.
    """

    idea = (
        "A restricted Boltzmann machine gives each image an energy, by hidden units that each see "
        "all pixels, and a low energy means a likely image. It is trained until images of its own, "
        "which Markov chains draw, have the hidden units on as often as the data have. It was the "
        "first layer of deep networks; its hidden units are features, and its likelihood can be "
        "estimated well."
    )
    paper = (
        "Hinton 2002, Training Products of Experts by Minimizing Contrastive Divergence; Tieleman "
        "2008, Training Restricted Boltzmann Machines using Approximations to the Likelihood "
        "Gradient"
    )
    paper_url = "https://doi.org/10.1162/089976602760128018"
    loss_names = ("loss", "reconstruction")
    weight_decay, centred = 0.0, True  # until `compile` sets them

    def __init__(
        self,
        image_shape: tuple[int, ...],
        hidden_units: int = 500,
        visible: str = "binary",
        chains: int = 100,
        sampling_steps: int = 100,
        name: str | None = None,
    ):
        super().__init__(name=name)
        self.data = space_of(image_shape, visible)
        check_count("hidden_units", hidden_units)
        machine = BoltzmannMachine(self.data.size, hidden_units, visible, name="machine")
        self.hold(machine, chains, sampling_steps)
        self.built = True

    @classmethod
    def test_config(cls):
        return {"image_shape": (8, 8, 1), "hidden_units": 10, "chains": 8, "sampling_steps": 3}

    @property
    def latent_dim(self) -> int:
        """The number of hidden units."""
        return self.machine.hidden

    # Training

    def default_optimizers(self):
        return {"model": keras.optimizers.SGD(0.01, momentum=0.9)}

    compile_arguments: ClassVar[dict[str, Argument]] = {
        "k": Argument("k", functools.partial(check_count, "k")),
        "persistent": Argument("persistent", functools.partial(check_flag, "persistent")),
        "centred": Argument("centred", functools.partial(check_flag, "centred")),
        "weight_decay": Argument("weight_decay", functools.partial(check_number, "weight_decay")),
    }

    @extends(GenerativeModel)
    def compile(
        self,
        optimizer=None,
        k: int = 1,
        persistent: bool = True,
        centred: bool = True,
        weight_decay: float = 0.0,
        **kwargs,
    ):
        """Configure training.

        Args:
            k: the steps of Gibbs sampling in a step of training.
            persistent: whether chains go on from step to step (PCD-k), or begin at the data (CD-k).
                The latter leaves the persistent chains at zeros, where samples then start.
            centred: whether gradients are those of the energy of v and h less their means over the
                data.
            weight_decay: the weight of |W|²/2, which is added to the loss.

        Raises:
            ValueError: if an argument has a wrong value, such as k = 0.
        """
        own = {"k": k, "persistent": persistent, "centred": centred, "weight_decay": weight_decay}
        super().compile(optimizer, **own, **kwargs)

    def update(self, batch: Batch):
        visible = self.flat(batch.data)
        self.machine.follow(visible)
        return self.learn(visible, self.fantasies(visible))

    def learn(self, visible, fantasies):
        """Take a step of the optimizer on data and fantasies, and return the logs."""
        step = functools.partial(self.minimize, lambda: self.contrast(visible, fantasies), "model")
        return descend(self.machine, self.centred, step)

    def validate(self, batch: Batch):
        visible = self.flat(batch.data)
        return self.contrast(visible, self.held_out_fantasies(visible))[1]

    def fantasies(self, visible):
        """Return visible units of the model in place of exact samples, for the negative phase."""
        chains = self.chains if self.persistent else None
        return fantasies_of(self.machine, chains, visible, self.random, self.k)

    def held_out_fantasies(self, visible):
        """Return the states of the chains, or those near the data where chains do not persist."""
        if self.persistent:
            return ops.convert_to_tensor(self.chains.states)
        return self.fantasies(visible)

    def contrast(self, visible, fantasies):
        """Return the loss, E_data[F(v)] - E_model[F(v)] and the weight decay, and the logs."""
        loss = contrast(self.machine, visible, fantasies, self.weight_decay, self.centred)
        return loss, {"loss": loss, "reconstruction": self.reconstruction_error(visible)}

    # Use

    def shown(self, states, mean):
        """Return the mean of binary units, and the states of Gaussian ones."""
        shown = states if self.machine.is_gaussian else mean
        return ops.reshape(shown, (-1, *self.image_shape))

    def encoded(self, images):
        return self.machine.hidden_mean(self.flat(images))

    def decoded(self, codes):
        return ops.reshape(self.machine.visible_mean(codes), (-1, *self.image_shape))

    @property
    def likelihood_is(self) -> str:
        """`"exact"` if a side has at most 20 units, else `"estimate"`."""
        return "exact" if self.can_enumerate else "estimate"

    @property
    def density_of(self) -> str:
        """`"binary"` pixels, or `"continuous"` ones of Gaussian units."""
        return "continuous" if self.machine.is_gaussian else "binary"

    def log_prob(
        self,
        images,
        seed: int = 0,
        chains: int = 100,
        temperatures: int = TEMPERATURES,
        partition: LogPartition | None = None,
        batch_size: int = 256,
    ) -> np.ndarray:
        """Return log p(x) = -F(x) - log Z of each image, in nats.

        Args:
            images: of shape `(n, height, width, channels)`, with pixels 0 and 1 alone.
            seed: the seed of annealed importance sampling, where log Z is not exact.
            chains: its number of chains.
            temperatures: its steps.
            partition: log Z, as `log_partition` returns it, if it is known already.
            batch_size: the number of images that are computed at once.

        Returns:
            A float32 NumPy array of shape `(n,)`. The interval of `log_partition` is that of its
            mean, beside the spread of images.

        Raises:
            ValueError: if `images` has another shape, or pixels that are not binary, or if
                `partition` belongs to other weights.
        """
        inputs = self.checked_inputs(images)
        self.data.check_values("images", inputs[0])  # as in training
        log_z = self._log_z(partition, seed, chains, temperatures)
        energies = self.infer("energy", self._energies, inputs, batch_size)
        return (-energies.astype("float64") - log_z).astype("float32")

    def _energies(self, images):
        return self.machine.free_energy(self.flat(images))

    def golden_outputs(self, inputs):
        """Return reconstructions, and free energies beside them, which noise does not flip."""
        images = inputs["images"]
        energies = self.infer("energy", self._energies, self.checked_inputs(images), len(images))
        rows = self.reconstruct(images).reshape(len(images), -1)
        return np.concatenate([rows, energies[:, None]], axis=1)
