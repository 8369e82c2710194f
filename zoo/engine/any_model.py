"""`AnyModel`, the type of a model whose class is known by its name alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoo.engine.model import GenerativeModel
from zoo.engine.tasks import Classifies, Denoises, Encodes, Inverts, Samples, Scores, Translates

if TYPE_CHECKING:
    import numpy as np

    from zoo.engine.inversion import Inversion


class AnyModel(
    Samples, Encodes, Scores, Classifies, Denoises, Translates, Inverts, GenerativeModel
):
    """The type of what `zoo.load` and `zoo.create` return, by which editors complete the methods of
    every task.

    It is no class of models, and none is made of it: `model.tasks` says which of the methods a
    model has, and its class which more arguments they take.
    """

    if TYPE_CHECKING:

        def sample(
            self,
            n: int | None = None,
            seed: int | None = None,
            latents: Any = None,
            labels: Any = None,
            *,
            noise: Any = None,
            condition: Any = None,
            batch_size: int = 256,
            **options: Any,
        ) -> np.ndarray: ...

        def invert(self, images: Any, labels: Any = None, **options: Any) -> Inversion: ...

        def log_prob(self, data: Any, *condition: Any, **options: Any) -> np.ndarray: ...

        def encode(self, images: Any, *condition: Any, batch_size: int = 256) -> Any: ...

        def decode(self, codes: Any, *condition: Any, batch_size: int = 256) -> np.ndarray: ...

        def reconstruct(
            self, images: Any, *condition: Any, batch_size: int = 256
        ) -> np.ndarray: ...

        def __getattr__(self, name: str) -> Any: ...
