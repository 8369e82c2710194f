"""Priors that are mixtures of normal distributions."""

from __future__ import annotations

import math

import keras
from keras import ops

from zoo import engine
from zoo.engine.priors import Prior
from zoo.engine.spaces import Normal
from zoo.errors import ArgumentError, check_count


class _Mixture(Prior):
    """A prior sum_k w_k N(mu_k, diag sigma_k^2).

    A subclass defines `parts`. The base noise of a latent has one number more than the latent: the
    component is the first one whose cumulative weight is at least the probability, under N(0, 1),
    of a number below the last.

    Args:
        components: the number K of components.
        name: the name of the layer.
        **kwargs: the other arguments of a layer.
    """

    default_components: int

    def __init__(self, components: int | None = None, name: str | None = None, **kwargs):
        super().__init__(name=name, **kwargs)
        chosen = self.default_components if components is None else components
        self.components = check_count("components", chosen)

    def get_config(self):
        return {**super().get_config(), "components": self.components}

    @property
    def noise(self) -> Normal:
        return Normal((self.latent_shape[0] + 1,))

    def parts(self):
        """Return log w of shape `(K,)`, and mu and log sigma^2, each `(K, latent_dim)`."""
        raise NotImplementedError

    def sample(self, noise, condition=None):
        log_weights, means, log_variances = self.parts()
        noise, last = noise[:, :-1], noise[:, -1:]
        probability = 0.5 * (1.0 + ops.erf(last / math.sqrt(2.0)))
        reached = ops.cumsum(ops.exp(log_weights))[:-1]
        index = ops.sum(ops.cast(probability > reached, "int32"), axis=-1)
        scale = ops.exp(0.5 * ops.take(log_variances, index, axis=0))
        return ops.take(means, index, axis=0) + scale * noise

    def log_prob(self, latents, condition=None):
        log_weights, means, log_variances = self.parts()
        with engine.exact_float32():  # the terms of the square are much larger than their sum
            precisions = ops.exp(-log_variances)
            squares = (
                ops.matmul(ops.square(latents), ops.transpose(precisions))
                - 2.0 * ops.matmul(latents, ops.transpose(means * precisions))
                + ops.sum(ops.square(means) * precisions, axis=-1)
            )
        constants = ops.sum(log_variances + math.log(2.0 * math.pi), axis=-1)
        return ops.logsumexp(log_weights - 0.5 * (squares + constants), axis=-1)


@keras.saving.register_keras_serializable("zoo")
class Mixture(_Mixture):
    """The prior p(z) = sum_k w_k N(mu_k, diag sigma_k^2), whose parameters are trained.

    It is the mixture of Gaussians that Tomczak and Welling 2018, https://arxiv.org/abs/1705.07120,
    compare with (section 3). mu starts at random numbers of N(0, I), sigma at 1, and the weights w
    are equal at first.

    Args:
        components: the number K of components; `None` for 10.
        name: the name of the layer.
        **kwargs: the other arguments of a layer.

    Raises:
        ArgumentError: if `components` is no positive whole number.

    Example:

    >>> import zoo
    >>> prior = zoo.layers.Mixture(components=4)
    >>> zoo.create("vae", image_shape=(8, 8, 1), latent_dim=2, prior=prior).sample(3).shape
    (3, 8, 8, 1)

    Differs from the paper: the weights w are trained too.
    """

    name = "mixture"
    default_components = 10

    def build(self, input_shape):
        shape = (self.components, *input_shape[1:])
        self.logits = self.add_weight(shape=shape[:1], initializer="zeros", name="logits")
        self.means = self.add_weight(
            shape=shape, initializer=keras.initializers.RandomNormal(stddev=1.0), name="means"
        )
        self.log_variances = self.add_weight(shape=shape, initializer="zeros", name="log_variances")
        super().build(input_shape)

    def parts(self):
        return (
            ops.log_softmax(ops.convert_to_tensor(self.logits)),
            ops.convert_to_tensor(self.means),
            ops.convert_to_tensor(self.log_variances),
        )


@keras.saving.register_keras_serializable("zoo")
class VampPrior(_Mixture):
    """The prior p(z) = 1/K sum_k q(z | u_k) of Tomczak and Welling 2018,
    https://arxiv.org/abs/1705.07120, equation 9.

    q is the encoder of the model, and the pseudo-inputs u_k are images that are trained with it. It
    is the mixture of posteriors that is nearest to the average posterior of the data, with K
    components in place of one for each image.

    Args:
        components: the number K of pseudo-inputs; `None` for the paper's 500.
        name: the name of the layer.
        **kwargs: the other arguments of a layer.

    Raises:
        ArgumentError: if `components` is no positive whole number.

    Example:

    >>> import zoo
    >>> prior = zoo.layers.VampPrior(components=20)
    >>> zoo.create("vae", image_shape=(8, 8, 1), latent_dim=2, prior=prior).sample(3).shape
    (3, 8, 8, 1)

    Differs from the paper: a sigmoid keeps the values of pseudo-inputs between those of black and
    white. They start at normal random numbers before it, with mean -2 and standard deviation 1.
    """

    name = "vamp"
    default_components = 500

    def join(self, model: keras.Model) -> None:
        if model.condition is not None:
            raise ArgumentError(
                "prior='vamp' is for models without classes, since its pseudo-inputs have none. "
                f"Received: num_classes={model.num_classes}."
            )
        if "_encoded" in vars(self):
            raise ArgumentError(
                "prior must be an object of its own for each model. Received: a VampPrior that "
                "another model has."
            )
        # Hidden from Keras's tracking, which would save the encoder twice.
        vars(self)["_encoded"], vars(self)["_data"] = model.posterior, model.data

    def build(self, input_shape):
        self.pseudo_inputs = self.add_weight(
            shape=(self.components, *self._data.shape),
            initializer=keras.initializers.RandomNormal(mean=-2.0, stddev=1.0),
            name="pseudo_inputs",
        )
        super().build(input_shape)

    def images(self):
        """Return the pseudo-inputs u, of shape `(K, height, width, channels)`, in the range of the
        model's images."""
        low, high = self._data.range
        return low + (high - low) * ops.sigmoid(ops.convert_to_tensor(self.pseudo_inputs))

    def parts(self):
        weights = ops.full((self.components,), -math.log(self.components))
        return (weights, *self._encoded(self.images()))

    def alone(self) -> Mixture:
        """Return the mixture that this prior is with the present weights of the encoder."""
        mixture = Mixture(self.components)
        mixture.build((None, *self.latent_shape))
        parts = dict(zip(("logits", "means", "log_variances"), self.parts(), strict=True))
        for name, value in parts.items():
            getattr(mixture, name).assign(value)
        return mixture
