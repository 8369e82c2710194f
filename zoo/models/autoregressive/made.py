"""The masked autoencoder for distribution estimation of Germain et al. 2015."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

from zoo.engine.batch import Batch
from zoo.engine.model import GenerativeModel
from zoo.engine.spaces import Uniform
from zoo.errors import ArgumentError, check_choice, check_count
from zoo.layers import MaskedDense
from zoo.models.autoregressive.base import Autoregressive
from zoo.models.families import register_family

ORDERS = ("raster", "random")


@register_family("made", package="zoo")
class MADE(Autoregressive, GenerativeModel):
    """An autoencoder of binary pixels whose masks make each output depend on earlier pixels alone.

    A hidden unit has a degree m, and sees the inputs and units below whose degree is at most m. The
    output of the pixel with rank d in the order sees the units with degrees below d. So the outputs
    are the conditionals of p(x) = prod_d p(x_d | x_{<d}), equations 8 to 10 of Germain et al. 2015,
    https://arxiv.org/abs/1502.03509. With several masks, each has degrees, and an order of the
    pixels, of its own; all share the weights. Steps of training take the masks in turn, and p(x) =
    1/K sum_k p_k(x) is the mixture of all K. `fit` logs `loss`, -log p_k(x) in nats per image; in
    validation it is -log p(x).

    (Averaging logits over orders and not probabilities gives no distribution: each pixel would then
    see all others.)

    `call` and `predict` map images to the logits of the first mask. A sample chooses a mask, and
    takes a step for each pixel, in which one input is added to the first hidden layer and one
    output is computed: with one hidden layer a pixel costs three sums over its units, and no
    product of matrices. Each further layer costs a pixel a product of matrices for each mask.

    `complete` lets each mask complete an image, which takes K times as long, and draws one of the K
    results. Its probability is proportional to the one that the mask gives the known pixels. That
    is exact if the known pixels come first in the order of each mask, as an upper half does in
    raster order. Otherwise it is an approximation, in which known pixels that come later choose
    among the masks.

    Args:
        image_shape: `(height, width, channels)` of the images, whose values are 0 and 1.
        hidden_units: the number of units of each hidden layer.
        masks: the number K of masks.
        order: the order of the pixels, `"raster"`, or `"random"` for a random one of each mask.
        direct: whether there are direct connections from inputs to outputs.
        seed: the seed of degrees and orders.
        name: the name of the model.

    Raises:
        ValueError: if an argument has a wrong value.

    Example:

    >>> import numpy as np, zoo
    >>> shape, units = (4, 4, 1), (8,)
    >>> model = zoo.create("made", image_shape=shape, hidden_units=units, masks=2, order="random")
    >>> model.log_prob(np.zeros((3, 4, 4, 1), "float32")).shape, model.sample(2, seed=0).shape
    ((3,), (2, 4, 4, 1))

    Differs from the paper: Adam with rate 1e-3 and not Adagrad; Glorot's initial weights; a fixed
    number of masks from one seed, and not masks drawn for each minibatch without end.
    """

    idea = (
        "MADE is an autoencoder whose connections are masked so that each output depends on the "
        "pixels before it alone, and is the probability of its pixel. One pass gives the exact "
        "likelihood of an image. It is the simplest deep autoregressive model, without "
        "convolutions, for any order of the pixels."
    )
    paper = "Germain, Gregor, Murray and Larochelle 2015, MADE"
    paper_url = "https://arxiv.org/abs/1502.03509"

    def __init__(
        self,
        image_shape: tuple[int, int, int] | None = None,
        hidden_units: Sequence[int] = (500,),
        masks: int = 1,
        order: str = "raster",
        direct: bool = True,
        seed: int = 0,
        name: str | None = None,
    ):
        super().__init__(name=name)
        self.state_data(image_shape, "bernoulli")
        check_choice("order", order, ORDERS)
        if isinstance(hidden_units, int) or not len(hidden_units):
            raise ArgumentError(
                "hidden_units must be a sequence of whole numbers, one for each hidden layer. "
                f"Received: {hidden_units!r}."
            )
        sizes = [check_count("hidden_units", units) for units in hidden_units]
        self.count = math.prod(self.image_shape)
        if self.count < 2:
            raise ArgumentError(f"image_shape must hold two pixels. Received: {image_shape!r}.")
        self.noise = Uniform((self.count + 1,))  # the last number chooses the mask
        check_count("seed", seed, minimum=0)
        degrees = _degrees(self.count, sizes, check_count("masks", masks), order, seed)
        vars(self)["_degrees"] = degrees  # arrays, which Keras is not to track
        self.mask_count = masks
        self.hidden = [MaskedDense(units) for units in sizes]
        self.last = MaskedDense(self.count, dtype="float32")
        self.direct = MaskedDense(self.count, use_bias=False, dtype="float32") if direct else None
        for layer, inputs in zip([*self.hidden, self.last], [self.count, *sizes], strict=True):
            layer.build((None, inputs))
        if self.direct is not None:
            self.direct.build((None, self.count))
        self.built = True

    @classmethod
    def test_config(cls):
        return {"image_shape": (4, 4, 1), "hidden_units": (12, 8), "masks": 2, "order": "random"}

    # One pass

    def _of_mask(self, number) -> list:
        """Return the ranks of the pixels and the degrees of each hidden layer, of a mask."""
        return [ops.take(ops.convert_to_tensor(array), number, axis=0) for array in self._degrees]

    def logits(self, images, number):
        """Return the logit of each pixel by the mask `number`, of the shape of `images`."""
        ranks, *degrees = self._of_mask(number)
        x = inputs = ops.reshape(images, (-1, self.count))
        below = ranks
        for layer, degree in zip(self.hidden, degrees, strict=True):
            x = ops.relu(layer(x, connections=ops.expand_dims(below, -1) <= degree))
            below = degree
        logits = self.last(x, connections=ops.expand_dims(below, -1) < ranks)
        if self.direct is not None:
            logits = logits + self.direct(inputs, connections=ops.expand_dims(ranks, -1) < ranks)
        return ops.reshape(logits, (-1, *self.image_shape))

    def parameters(self, images, condition=None):
        return self.logits(images, 0)

    def _by_mask(self, images, number):
        """Return log p_k(x) of each image, for the mask k."""
        return ops.sum(self.pixels.log_prob(images, self.logits(images, number)), axis=(1, 2))

    def log_likelihood(self, images, condition=None):
        each = [self._by_mask(images, number) for number in range(self.mask_count)]
        return ops.logsumexp(ops.stack(each), axis=0) - math.log(self.mask_count)

    def objective(self, batch: Batch, training: bool):
        if not training or self.mask_count == 1:
            return super().objective(batch, training)
        number = ops.cast(self.optimizer.iterations, "int32") % self.mask_count
        loss = -ops.mean(self._by_mask(batch.data, number))
        return loss, {"loss": loss}

    # Completion: each mask completes an image, and one of the results is drawn

    def _complete(self, inputs, temperature, batch_size, told):
        noise, given, known = inputs
        chooses = noise[:, -1:].astype("float64")
        found = []
        for number in range(self.mask_count):
            noise = noise.copy()
            noise[:, -1] = (number + 0.5) / self.mask_count
            found.append(self._draw((noise, given, known), temperature, batch_size, told))
        found = np.stack(found, axis=1)
        logs = self.infer("of_known", self._of_known, (found, known), batch_size).astype("float64")
        shares = np.exp(logs - np.logaddexp.reduce(logs, axis=1, keepdims=True))
        number = (chooses >= shares.cumsum(axis=1)[:, :-1]).sum(axis=1)
        return found[np.arange(len(found)), number]

    def _of_known(self, images, known):
        """Return the log-probability that each mask gives the known pixels of its own image, of
        shape `(batch, masks)`, for images of shape `(batch, masks, height, width, channels)`."""
        each = []
        for number in range(self.mask_count):
            image = images[:, number]
            pixels = self.pixels.log_prob(image[..., None], self.logits(image, number)[..., None])
            each.append(ops.sum(known * pixels, axis=(1, 2, 3)))
        return ops.stack(each, axis=-1)

    # Ancestral sampling: the state has the images, the inputs so far, and the first hidden layer

    def positions(self, known=None):
        return np.arange(1, self.count + 1, dtype="int32")  # ranks

    def generate(self, noise, condition=None):
        nothing = ops.reshape(0.0 * noise[:, : self.count], (-1, *self.image_shape))
        return self._loop((noise, nothing, nothing))

    def begin(self, noise, given, known, condition=None):
        bias = ops.convert_to_tensor(self.hidden[0].bias)
        first = ops.zeros_like(noise[:, :1]) + ops.cast(bias, "float32")
        return [given, 0.0 * noise[:, : self.count], first]

    def step(self, position, state, temperature, noise, given, known, condition=None):
        images, inputs, first = state
        chosen = self._chosen(noise)
        ranks, *degrees = self._of_mask(chosen)
        here = ops.equal(ranks, position)  # the pixel of each image, of shape (batch, pixels)
        pixel = ops.argmax(ops.cast(here, "int32"), axis=-1)
        logit = self._logit(position, pixel, inputs, ranks, degrees, chosen, first)
        number = ops.sum(ops.where(here, noise[:, : self.count], 0.0), axis=-1, keepdims=True)
        drawn = self.pixels.draw(logit, number, temperature)
        flat = (-1, self.count)
        kept = ops.logical_and(here, ops.reshape(known, flat) > 0)
        values = ops.where(kept, ops.reshape(given, flat), ops.where(here, drawn, 0.0))
        value = ops.sum(values, axis=-1, keepdims=True)
        row = ops.take(ops.convert_to_tensor(self.hidden[0].kernel), pixel, axis=0)
        seen = ops.cast(degrees[0] >= position, "float32")
        before = ops.reshape(images, flat)
        images = ops.reshape(ops.where(here, value, before), ops.shape(images))
        return [images, inputs + values, first + value * ops.cast(row, "float32") * seen]

    def _chosen(self, noise):
        """Return the mask of each image."""
        number = ops.floor(noise[:, self.count] * self.mask_count)
        return ops.minimum(ops.cast(number, "int32"), self.mask_count - 1)

    def _logit(self, position, pixel, inputs, ranks, degrees, chosen, first):
        """Return the logit of one pixel of each image, of shape `(batch, 1)`."""
        x = ops.relu(first)
        for i, layer in enumerate(self.hidden[1:]):
            by_mask = ops.stack([self._above(layer, x, i, k) for k in range(self.mask_count)])
            one = ops.one_hot(chosen, self.mask_count, dtype="float32")
            x = ops.relu(ops.einsum("kbu,bk->bu", by_mask, one))
        x = x * ops.cast(degrees[-1] < position, "float32")
        logit = _column(self.last, pixel, x) + ops.take(
            ops.convert_to_tensor(self.last.bias), pixel, axis=0
        )
        if self.direct is not None:
            logit = logit + _column(self.direct, pixel, inputs)
        return ops.expand_dims(logit, -1)

    def _above(self, layer, x, number: int, mask: int):
        """Return the outputs of a hidden layer, above the layer `number`, by one mask."""
        below, degree = self._degrees[number + 1][mask], self._degrees[number + 2][mask]
        return ops.cast(layer(x, connections=below[:, None] <= degree), "float32")


def _column(layer: MaskedDense, pixel, x):
    """Return the product of `x` with the kernel's column of one pixel of each image."""
    columns = ops.take(ops.transpose(ops.convert_to_tensor(layer.kernel)), pixel, axis=0)
    return ops.sum(x * ops.cast(columns, "float32"), axis=-1)


def _degrees(count: int, sizes: list[int], masks: int, order: str, seed: int) -> list[Any]:
    """Return the rank of each pixel, and the degree of each hidden unit, for each mask.

    Ranks are 1 to `count`. Degrees are uniform from the least of the layer below to `count` - 1.
    """
    ranks = np.empty((masks, count), "int32")
    layers = [np.empty((masks, units), "int32") for units in sizes]
    for mask in range(masks):
        rng = np.random.default_rng((seed, mask))
        shuffled = np.argsort(rng.random(count)) if order == "random" else np.arange(count)
        ranks[mask] = 1 + shuffled
        least = 1
        for layer in layers:
            numbers = rng.random(layer.shape[1])
            layer[mask] = least + np.floor(numbers * (count - least)).astype("int32")
            least = layer[mask].min()
    return [ranks, *layers]
