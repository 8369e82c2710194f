"""Real NVP, the real-valued non-volume preserving transformations of Dinh et al. 2017."""

from __future__ import annotations

from zoo.engine.latent import LatentModel
from zoo.engine.priors import Prior
from zoo.errors import check_count
from zoo.layers import (
    AffineCoupling,
    BatchNorm,
    Bijector,
    Chain,
    Checkerboard,
    Halves,
    Logit,
    Mask,
    Split,
    Squeeze,
)
from zoo.layers.bijectors.networks import dense_network, residual_network
from zoo.models.families import register_family
from zoo.models.flows.flow import Flow, check_images_even, check_logit


@register_family("real_nvp", package="zoo")
class RealNVP(Flow, LatentModel):
    """A flow of affine couplings with batch normalization, at several scales, with a normal prior.

    It maximises log p(x) = log q(f(x)) + log |det df/dx|, equation 2 of Dinh et al. 2017,
    https://arxiv.org/abs/1605.08803. Pixels go through a logit. At each scale follow couplings with
    checkerboard masks, a squeeze, and couplings with channel masks; half of the channels then is
    factored out, and the rest goes on (section 3.6). The last scale has one more coupling with a
    checkerboard, and no squeeze. Batch normalization after each coupling counts in the determinant
    (section 3.7). For points there are twice as many couplings with networks of dense layers, and
    neither logit nor scales.

    `fit` logs `loss`, the mean of -log p(x) in nats. Images must be dequantized. `call` and
    `predict` map data to latents.

    Args:
        image_shape: `(height, width, channels)` of images, whose values lie in [0, 1], or
            `(features,)` for points.
        scales: the number of scales of images.
        couplings: the number of couplings with each kind of mask.
        width: the channels of the residual networks at the first scale, which double at each
            further one; for points the units of each hidden layer.
        blocks: the number of residual blocks of a network; for points the number of hidden layers.
        logit: the margin of the logit of pixels, see `zoo.layers.Logit`.
        prior: the distribution of latents, `"normal"`, `"logistic"`, `"mixture"`, or a
            `zoo.layers.Prior`.
        name: the name of the model.

    Raises:
        ValueError: if an argument has a wrong value, or images cannot be halved often enough.

    Example:

    >>> import zoo
    >>> model = zoo.create("real_nvp", image_shape=(8, 8, 1), couplings=1, width=4, blocks=1)
    >>> images = model.sample(3, seed=0)
    >>> model.encode(images).shape, model.log_prob(images).shape
    ((3, 64), (3,))

    Differs from the paper: networks have no normalization; those of checkerboards see blocks of 2x2
    pixels as channels, which makes them about four times as fast; log s starts at 0; there is no
    weight decay.
    """

    idea = (
        "Real NVP maps an image to normally distributed numbers by steps that can be undone, so "
        "that the exact likelihood of an image is known. Each step multiplies and shifts one half "
        "of the image by functions of the other half; coarse and fine structure are separated on "
        "the way. Samples, codes and likelihoods are all exact and take one pass."
    )
    paper = "Dinh, Sohl-Dickstein and Bengio 2017, Density Estimation Using Real NVP"
    paper_url = "https://arxiv.org/abs/1605.08803"

    def __init__(
        self,
        image_shape: tuple[int, ...],
        scales: int = 2,
        couplings: int = 3,
        width: int = 32,
        blocks: int = 2,
        logit: float = 0.05,
        prior: str | Prior = "normal",
        name: str | None = None,
    ):
        super().__init__(name=name)
        self.scales = check_count("scales", scales)
        self.couplings = check_count("couplings", couplings)
        self.width = check_count("width", width)
        self.blocks = check_count("blocks", blocks)
        self.logit = logit
        self.make_flow(image_shape, prior)

    @classmethod
    def test_config(cls):
        return {"image_shape": (8, 8, 1), "couplings": 1, "width": 4, "blocks": 1}

    def bijectors(self):
        if self.data.name == "points":
            return self._of_points()
        check_images_even(self.data, self.scales - 1, "scales")
        return [Logit(check_logit(self.logit)), *self._from_scale(0, self.data.shape)]

    def _of_points(self) -> list[Bijector]:
        """Return the couplings of points."""
        parts: list[Bijector] = []
        for i in range(2 * self.couplings):
            mask = Halves(flip=i % 2 == 1)
            units = (self.width,) * self.blocks
            network = dense_network(AffineCoupling, mask, self.data.shape, units)
            parts += [AffineCoupling(mask, network), BatchNorm()]
        return parts

    def _from_scale(self, scale: int, shape: tuple[int, int, int]) -> list[Bijector]:
        """Return the bijectors of images of this shape from the scale `scale` on."""
        width, last = self.width * 2**scale, scale == self.scales - 1
        parts = self._couplings(Checkerboard, self.couplings + last, shape, width)
        if last:
            return parts
        height, columns, channels = shape
        shape = (height // 2, columns // 2, 4 * channels)
        parts += [Squeeze(), *self._couplings(Halves, self.couplings, shape, width)]
        rest = self._from_scale(scale + 1, (*shape[:2], 2 * channels))
        return [*parts, Split(Chain(rest))]

    def _couplings(self, kind: type[Mask], n: int, shape, width: int) -> list[Bijector]:
        """Return `n` couplings, each with its normalization, whose masks of one kind take turns."""
        parts: list[Bijector] = []
        halve = kind is Checkerboard and shape[0] % 2 == 0 and shape[1] % 2 == 0
        for i in range(n):
            mask = kind(flip=i % 2 == 1)
            network = residual_network(AffineCoupling, mask, shape, width, self.blocks, halve)
            parts += [AffineCoupling(mask, network), BatchNorm()]
        return parts
