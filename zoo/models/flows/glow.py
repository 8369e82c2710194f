"""Glow, the flow with invertible 1x1 convolutions of Kingma and Dhariwal 2018."""

from __future__ import annotations

from zoo.engine.latent import LatentModel
from zoo.engine.priors import Prior
from zoo.errors import check_count
from zoo.layers import (
    ActNorm,
    AffineCoupling,
    Bijector,
    Chain,
    Halves,
    InvertibleLinear,
    Logit,
    Split,
    Squeeze,
)
from zoo.layers.bijectors.networks import convolutional_network, dense_network
from zoo.models.families import register_family
from zoo.models.flows.flow import Flow, check_images_even, check_logit


@register_family("glow", package="zoo")
class Glow(Flow, LatentModel):
    """A flow of steps of activation normalization, an invertible 1x1 convolution and an affine
    coupling, at several levels, with a normal prior.

    It maximises log p(x) = log q(f(x)) + sum_i log |det dh_i/dh_(i-1)|, equation 6 of Kingma and
    Dhariwal 2018, https://arxiv.org/abs/1807.03039. Each level squeezes 2x2 pixels into channels
    and takes K steps (section 3). Half of the channels then is factored out, with a normal prior
    whose mean and scale depend on the other half, which goes on to the next level. For points there
    are K steps with networks of dense layers, and no levels.

    `fit` logs `loss`, the mean of -log p(x) in nats. Images must be dequantized. The first batch of
    training sets the activation normalizations. `call` and `predict` map data to latents.

    Args:
        image_shape: `(height, width, channels)` of images, whose values lie in [0, 1], or
            `(features,)` for points.
        levels: the number L of levels of images.
        steps: the number K of steps at each level.
        width: the channels of the two hidden layers of a coupling's network at the first level,
            which double at each further one; for points their units.
        logit: the margin of a logit of pixels, see `zoo.layers.Logit`, or `None` for none.
        prior: the distribution of latents, `"normal"`, `"logistic"`, `"mixture"`, or a
            `zoo.layers.Prior`.
        name: the name of the model.

    Raises:
        ValueError: if an argument has a wrong value, or images cannot be halved often enough.

    Example:

    >>> import zoo
    >>> model = zoo.create("glow", image_shape=(8, 8, 1), levels=1, steps=2, width=4)
    >>> images = model.sample(3, seed=0)
    >>> model.encode(images).shape, model.log_prob(images).shape
    ((3, 64), (3,))

    Differs from the paper: matrices are always their LU decomposition; log s of a coupling is
    g tanh(h) with a trained g, which bounds |log s| by |g|, where the paper has h and the authors'
    code log sigmoid(h + 2); a mean and a deviation of the first batch stand beside the trained
    scale and shift; Adam takes the place of Adamax.
    """

    idea = (
        "Glow maps an image to normally distributed numbers by steps that can be undone, so that "
        "the exact likelihood of an image is known. A step mixes the channels by a matrix, and "
        "then multiplies and shifts half of them by functions of the other half. Every image has "
        "a code from which it comes back exactly, and paths between codes are paths between images."
    )
    paper = "Kingma and Dhariwal 2018, Glow: Generative Flow with Invertible 1x1 Convolutions"
    paper_url = "https://arxiv.org/abs/1807.03039"

    def __init__(
        self,
        image_shape: tuple[int, ...],
        levels: int = 2,
        steps: int = 16,
        width: int = 64,
        logit: float | None = None,
        prior: str | Prior = "normal",
        name: str | None = None,
    ):
        super().__init__(name=name)
        self.levels = check_count("levels", levels)
        self.steps = check_count("steps", steps)
        self.width = check_count("width", width)
        self.logit = logit
        self.make_flow(image_shape, prior)

    @classmethod
    def test_config(cls):
        return {"image_shape": (8, 8, 1), "steps": 1, "width": 4}

    def bijectors(self):
        if self.data.name == "points":
            return [*self._steps(self.data.shape), ActNorm()]
        check_images_even(self.data, self.levels, "levels")
        parts = [] if self.logit is None else [Logit(check_logit(self.logit))]
        return [*parts, *self._from_level(0, self.data.shape)]

    def _from_level(self, level: int, shape: tuple[int, int, int]) -> list[Bijector]:
        """Return the bijectors of images of this shape from the level `level` on."""
        height, columns, channels = shape
        shape = (height // 2, columns // 2, 4 * channels)
        parts = [Squeeze(), *self._steps(shape, level)]
        if level == self.levels - 1:
            return [*parts, ActNorm()]  # the trained mean and scale of the last prior
        # A normal prior of the half that is factored out, given the other half, is N(0, I) after an
        # affine coupling.
        mask = Halves(flip=True)
        network = convolutional_network(AffineCoupling, mask, shape, None)
        rest = self._from_level(level + 1, (*shape[:2], 2 * channels))
        return [*parts, AffineCoupling(mask, network, "exponential"), Split(Chain(rest))]

    def _steps(self, shape: tuple[int, ...], level: int = 0) -> list[Bijector]:
        """Return the K steps of one level."""
        parts: list[Bijector] = []
        for _ in range(self.steps):
            mask = Halves()
            if self.data.name == "points":
                network = dense_network(AffineCoupling, mask, shape, (self.width, self.width))
            else:
                width = self.width * 2**level
                network = convolutional_network(AffineCoupling, mask, shape, width)
            parts += [ActNorm(), InvertibleLinear(), AffineCoupling(mask, network)]
        return parts
