"""Priors that are mixtures of normal distributions."""

from __future__ import annotations

import math

import keras
from keras import ops

from zoo.engine.priors import Prior
from zoo.engine.spaces import Normal
from zoo.errors import ArgumentError, check_choice, check_count

COVARIANCES = ("diagonal", "full")


class _Mixture(Prior):
    """A prior sum_k w_k N(mu_k, diag sigma_k^2).

    A subclass defines `parts`, and `factors` for covariances that are not diagonal. The base noise
    of a latent has one number more than the latent: the component is the first one whose cumulative
    weight is at least the probability, under N(0, 1), of a number below the last.

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

    def factors(self):
        """Return the lower triangular Cholesky factors L of the covariances L L^T, of shape `(K,
        latent_dim, latent_dim)`, or `None` if these are diagonal."""
        return

    def sample(self, noise, condition=None):
        log_weights, means, log_variances = self.parts()
        noise, last = noise[:, :-1], noise[:, -1:]
        probability = 0.5 * (1.0 + ops.erf(last / math.sqrt(2.0)))
        reached = ops.cumsum(ops.exp(log_weights))[:-1]
        index = ops.sum(ops.cast(probability > reached, "int32"), axis=-1)
        factors, centre = self.factors(), ops.take(means, index, axis=0)
        if factors is None:
            return centre + ops.exp(0.5 * ops.take(log_variances, index, axis=0)) * noise
        chosen = ops.take(factors, index, axis=0)
        return centre + ops.matmul(chosen, noise[..., None])[..., 0]

    def log_prob(self, latents, condition=None):
        log_weights, means, log_variances = self.parts()
        constants = ops.sum(log_variances + math.log(2.0 * math.pi), axis=-1)
        factors = self.factors()
        if factors is None:
            squares = _squares(latents, means, ops.exp(-log_variances))
        else:
            squares = _full_squares(latents, means, factors)
        return ops.logsumexp(log_weights - 0.5 * (squares + constants), axis=-1)


def _squares(latents, means, precisions):
    """Return sum_i (z_i - mu_i)^2 / sigma_i^2, of shape `(..., K)`, for latents `(..., size)`.

    The square is not multiplied out into matrix products: its terms would be larger than their sum,
    by the square of mu / sigma, and narrow components would lose all digits.
    """
    total = 0.0
    for i in range(means.shape[-1]):  # one latent at a time: no array has a fourth axis
        difference = latents[..., i : i + 1] - means[:, i]
        total = total + ops.square(difference) * precisions[:, i]
    return total


def _full_squares(latents, means, factors):
    """Return |L_k^{-1} (z - mu_k)|^2, of shape `(..., K)`, for latents `(..., size)`."""
    shape = ops.shape(latents)[:-1]
    rows = ops.reshape(latents, (1, -1, means.shape[-1]))
    differences = ops.transpose(rows - means[:, None], (0, 2, 1))  # (K, size, rows)
    whitened = ops.linalg.solve_triangular(factors, differences, lower=True)
    squares = ops.transpose(ops.sum(ops.square(whitened), axis=1))
    return ops.reshape(squares, (*shape, means.shape[0]))


@keras.saving.register_keras_serializable("zoo")
class Mixture(_Mixture):
    """The prior p(z) = sum_k w_k N(mu_k, diag sigma_k^2), whose parameters are trained.

    It is the mixture of Gaussians that Tomczak and Welling 2018, https://arxiv.org/abs/1705.07120,
    compare with (section 3). mu starts at random numbers of N(0, I), sigma at 1, and the weights w
    are equal at first.

    With `covariance="full"` it is sum_k w_k N(mu_k, L_k L_k^T), with lower triangular L_k, which
    start at the identity. `zoo.latents.fit_prior` fits it to codes.

    Args:
        components: the number K of components; `None` for 10.
        name: the name of the layer.
        covariance: `"diagonal"` or `"full"`.
        **kwargs: the other arguments of a layer.

    Raises:
        ArgumentError: if `components` is no positive whole number, or `covariance` is unknown.

    Example:

    >>> import zoo
    >>> prior = zoo.layers.Mixture(components=4)
    >>> zoo.create("vae", image_shape=(8, 8, 1), latent_dim=2, prior=prior).sample(3).shape
    (3, 8, 8, 1)

    Differs from the paper: the weights w are trained too; covariances may be full.
    """

    name = "mixture"
    default_components = 10

    def __init__(
        self,
        components: int | None = None,
        name: str | None = None,
        covariance: str = "diagonal",
        **kwargs,
    ):
        super().__init__(components, name, **kwargs)
        check_choice("covariance", covariance, COVARIANCES)
        self.covariance = covariance

    def get_config(self):
        return {**super().get_config(), "covariance": self.covariance}

    def build(self, input_shape):
        shape = (self.components, *input_shape[1:])
        self.logits = self.add_weight(shape=shape[:1], initializer="zeros", name="logits")
        self.means = self.add_weight(
            shape=shape, initializer=keras.initializers.RandomNormal(stddev=1.0), name="means"
        )
        # Of full covariances they are the squares of the diagonals of the factors L.
        self.log_variances = self.add_weight(shape=shape, initializer="zeros", name="log_variances")
        if self.covariance == "full":
            self.below = self.add_weight(
                shape=(*shape, *shape[1:]), initializer="zeros", name="below"
            )
        super().build(input_shape)

    def factors(self):
        if self.covariance == "diagonal":
            return None
        below = ops.tril(ops.convert_to_tensor(self.below), -1)
        diagonal = ops.exp(0.5 * ops.convert_to_tensor(self.log_variances))
        return below + ops.eye(diagonal.shape[-1]) * diagonal[:, None]

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
