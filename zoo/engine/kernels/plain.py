"""Whether an optimizer is the paper's rule and nothing more."""

from __future__ import annotations

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


def is_plain_adam(optimizer, variables) -> bool:
    """Whether one step of `optimizer` on `variables` is Adam's, without decay, clipping, averages,
    accumulation or constraints, in float32."""
    return (
        type(optimizer).__name__ == "Adam"
        and isinstance(optimizer, keras.optimizers.Adam)
        and not any(getattr(optimizer, extra) for extra in EXTRAS)
        and all(v.constraint is None and v.dtype == "float32" for v in variables)
    )
