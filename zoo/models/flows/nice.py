"""NICE, the non-linear independent components estimation of Dinh et al. 2015."""

from __future__ import annotations

from collections.abc import Sequence

from zoo.engine.latent import LatentModel
from zoo.engine.priors import Prior
from zoo.errors import check_count
from zoo.layers import AdditiveCoupling, Alternate, Diagonal, Flatten
from zoo.layers.bijectors.networks import dense_network
from zoo.models.families import register_family
from zoo.models.flows.flow import Flow
from zoo.networks.dense import checked_units


@register_family("nice", package="zoo")
class NICE(Flow, LatentModel):
    """A flow of additive couplings and a scale for each latent, with a logistic prior.

    It maximises log p(x) = sum_i [log q(f_i(x)) + s_i], equation 6 of Dinh et al. 2015,
    https://arxiv.org/abs/1410.8516. A coupling adds to every other number of the datum, as a
    vector, a function of those between (section 3.2), a network of dense layers. Couplings take
    turns in which numbers change. Last, each number is multiplied by exp(s_i) (section 3.3).

    `fit` logs `loss`, the mean of -log p(x) in nats. Images must be dequantized. `call` and
    `predict` map data to latents.

    Args:
        image_shape: `(height, width, channels)` of images, whose values lie in [0, 1], or
            `(features,)` for points.
        couplings: the number of couplings.
        hidden_units: the units of each hidden layer of the network of a coupling.
        prior: the distribution of latents, `"logistic"`, `"normal"`, `"mixture"`, or a
            `zoo.layers.Prior`.
        name: the name of the model.

    Raises:
        ValueError: if an argument has a wrong value.

    Example:

    >>> import zoo
    >>> model = zoo.create("nice", image_shape=(4, 4, 1), couplings=2, hidden_units=(8,))
    >>> images = model.sample(3, seed=0)
    >>> model.encode(images).shape, model.log_prob(images).shape
    ((3, 16), (3,))

    Differs from the paper: the last layer of each network starts at 0; epsilon and the two rates of
    Adam's means are Keras's.
    """

    idea = (
        "NICE maps an image to independent numbers by steps that can be undone, so that the exact "
        "likelihood of an image is known, and a random draw of numbers becomes an image. Each step "
        "adds to one half of the pixels a function of the other half. It was the first of the "
        "flows, and is trained by maximum likelihood alone; its samples are rough."
    )
    paper = "Dinh, Krueger and Bengio 2015, NICE: Non-linear Independent Components Estimation"
    paper_url = "https://arxiv.org/abs/1410.8516"

    def __init__(
        self,
        image_shape: tuple[int, ...],
        couplings: int = 4,
        hidden_units: Sequence[int] = (1000, 1000, 1000, 1000, 1000),
        prior: str | Prior = "logistic",
        name: str | None = None,
    ):
        super().__init__(name=name)
        self.couplings = check_count("couplings", couplings)
        self.hidden_units = checked_units(hidden_units)
        self.make_flow(image_shape, prior)

    @classmethod
    def test_config(cls):
        return {"image_shape": (8, 8, 1), "couplings": 2, "hidden_units": (16,)}

    def bijectors(self):
        shape = (self.data.size,)
        parts = [Flatten()]
        for i in range(self.couplings):
            mask = Alternate(flip=i % 2 == 1)
            network = dense_network(AdditiveCoupling, mask, shape, self.hidden_units)
            parts.append(AdditiveCoupling(mask, network))
        return [*parts, Diagonal()]
