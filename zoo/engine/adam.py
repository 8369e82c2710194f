"""Recognition of plain Adam, for which backends have one fused operation."""

from __future__ import annotations

from collections.abc import Sequence

import keras

EXTRAS = (
    "amsgrad",
    "weight_decay",
    "clipnorm",
    "global_clipnorm",
    "clipvalue",
    "use_ema",
    "loss_scale_factor",
    "gradient_accumulation_steps",
)


def is_plain_adam(optimizer: keras.optimizers.Optimizer, variables: Sequence) -> bool:
    """Return whether a step of `optimizer` on `variables` is exactly the paper's Adam in float32.

    The rule is algorithm 1 of Kingma and Ba 2015, without decay, clipping, averages, accumulation,
    constraints, or weights that are overwritten by their gradients.
    """
    return (
        isinstance(optimizer, keras.optimizers.Adam)
        and type(optimizer).__name__ == "Adam"  # subclasses are variants of Adam
        and optimizer.built
        and not any(getattr(optimizer, extra) for extra in EXTRAS)
        and all(
            v.constraint is None and v.dtype == "float32" and not v.overwrite_with_gradient
            for v in variables
        )
    )
