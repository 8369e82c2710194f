"""The choice of the few numbers of a card that tell how good a model is."""

from __future__ import annotations

from zoo.metrics import Measurement

COUNT = 3
# The number for which a family is made comes first.
OF_FAMILY = {
    "sparse_autoencoder": "inactive",
    "contractive_autoencoder": "relative_jacobian_norm",
}
# The order in which the numbers of other families are chosen; others follow in the card's order.
ORDER = (
    "density_kl",
    "iwae",
    "marginal_log_likelihood",
    "log_likelihood",
    "ais",
    "bits_per_dimension",
    "accuracy",
    "denoising_gain",
    "high_quality",
    "label_accuracy",
    "fid",
    "squared_error",
    "elbo",
    "precision",
    "recall",
    "probe_error",
    "kid",
    "modes_covered",
    "mode_width",
    "density",
)


def main_numbers(card) -> list[Measurement]:
    """Return the main numbers of `card`, a `zoo.presets.card.Card`: at most three, the most telling
    first."""
    order = [OF_FAMILY.get(card.identity.family), *ORDER]
    places = {name: place for place, name in reversed([*enumerate(order)])}
    return sorted(card.metrics, key=lambda m: places.get(m.name, len(order)))[:COUNT]
