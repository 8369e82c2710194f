"""The beta-VAE of Higgins et al. 2017, with the capacity of Burgess et al. 2018."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, ClassVar

from keras import ops

from zoo.base.extends import extends
from zoo.engine.compilation import Argument, optional
from zoo.errors import ArgumentError, check_count, check_number
from zoo.models.families import register_family
from zoo.models.vaes.vae import VAE
from zoo.networks import Coders


@register_family("beta_vae", package="zoo")
class BetaVAE(VAE):
    """A VAE with a larger weight of the KL, so that single latents represent independent factors.

    The objective is max E_q[log p(x | z)] - beta KL(q(z | x) || p(z)), equation 4 of Higgins et al.
    2017, https://openreview.net/forum?id=Sy2fzU9gl. With a capacity C, which rises linearly from
    0, it is max E_q[log p(x | z)] - beta |KL - C|, equation 8 of Burgess et al. 2018,
    https://arxiv.org/abs/1804.03599. `fit` logs `loss`, the negative objective, `reconstruction`,
    and `kl`, the unweighted KL.

    Args:
        image_shape: as for `VAE`, and `latent_dim`, `likelihood`, `architecture`, `width`,
            `encoder`, `decoder` and `name`.
        hidden_units: the units of each dense hidden layer of the encoder, as a setting of a named
            architecture; the decoder has them in reverse. `None` means `(256,)`.

    Raises:
        ValueError: if an argument has a wrong value, or the two networks do not fit together.

    Example:

    >>> import zoo
    >>> model = zoo.create("beta_vae", image_shape=(8, 8, 1), latent_dim=2, width=2)
    >>> model.compile(beta=4.0)
    >>> model.sample(5, seed=0).shape
    (5, 8, 8, 1)

    Differs from the paper: the convolutional body doubles its channels at each stage and has one
    dense layer; the rate of Adam is 1e-3.
    """

    idea = (
        "A beta-VAE is a VAE that is held closer to its prior, by a weight beta of this term. "
        "The pressure makes single latents stand for single factors of the data, such as the "
        "width or the slant of a digit. It is good for looking at what varies in the data; its "
        "reconstructions are blurred more than those of a VAE."
    )
    paper = (
        "Higgins et al. 2017, beta-VAE: Learning Basic Visual Concepts with a Constrained "
        "Variational Framework"
    )
    paper_url = "https://openreview.net/forum?id=Sy2fzU9gl"

    default_hidden_units = (256,)

    @extends(VAE)
    def __init__(
        self,
        image_shape: tuple[int, int, int] | None = None,
        latent_dim: int = 10,
        architecture: str | Coders = "convolutional",
        hidden_units: Sequence[int] | None = None,
        **kwargs,
    ):
        super().__init__(
            image_shape,
            latent_dim,
            architecture=architecture,
            hidden_units=hidden_units,
            **kwargs,
        )

    @classmethod
    def test_config(cls):
        return {**super().test_config(), "width": 4}

    compile_arguments: ClassVar[dict[str, Argument]] = {
        "beta": Argument("beta", functools.partial(check_number, "beta")),
        "capacity": Argument("capacity", optional(functools.partial(check_number, "capacity"))),
        "capacity_steps": Argument(
            "capacity_steps", optional(functools.partial(check_count, "capacity_steps"))
        ),
    }

    @extends(VAE)
    def compile(
        self,
        optimizer=None,
        beta: float = 4.0,
        capacity: float | None = None,
        capacity_steps: int | None = None,
        **kwargs,
    ):
        """Configure training. A warm-up multiplies `beta`.

        Args:
            beta: the weight of the KL, or of its distance from the capacity.
            capacity: the final capacity in nats, which validation uses, or `None` for no capacity.
            capacity_steps: the number of steps of `fit` until the final capacity; needed with
                `capacity`.

        Raises:
            ValueError: if a number is out of range.
        """
        objective = {"beta": beta, "capacity": capacity, "capacity_steps": capacity_steps}
        super().compile(optimizer, **objective, **kwargs)

    def complete_objective(self, attributes: dict[str, Any]) -> None:
        capacity, steps = attributes["capacity"], attributes["capacity_steps"]
        if (capacity is None) != (steps is None):
            raise ArgumentError(
                "capacity and capacity_steps go together. Received: "
                f"capacity={capacity!r}, capacity_steps={steps!r}."
            )

    def weighted_loss(self, reconstruction, kl, training: bool):
        if self.capacity is not None:
            share = self.progress(self.capacity_steps) if training else 1.0
            kl = ops.abs(kl - share * self.capacity)
        return super().weighted_loss(reconstruction, self.beta * kl, training)
