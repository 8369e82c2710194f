"""The search for latents whose data are near to given data, for models that sample from latents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from zoo import engine
from zoo.base.masks import check_some, mask_values
from zoo.base.warn import warn
from zoo.engine.descent import Descended, Descent, Rule
from zoo.engine.forks import check_can_compute
from zoo.engine.relative import relative_error
from zoo.engine.tasks import Classifies, Encodes, Task
from zoo.errors import ArgumentError, check_count, check_number

ROUNDS = 4  # all searches take one of so many parts of the steps, the best of them the others
CANDIDATES = 1000  # the samples among which `best_of` looks for starts
MEANS = 100  # the draws of which the mean latent of each datum is taken
PARTS = ("pixel", "features")
LOSSES = {"pixel": {"pixel": 1.0}, "features": {"features": 1.0}, "both": dict.fromkeys(PARTS, 1.0)}
STARTS = ("mean", "best_of", "encoder")
NEAR = 1e-3  # a distance of latents at which images differ, if they change at all


class Inversion(NamedTuple):
    """Latents that a search has found, one for each datum.

    Attributes:
        latents: the latents, float32 of shape `(n, latent_dim)`.
        images: the data that the model makes of them, in its value range.
        losses: the loss of each, float32 of shape `(n,)`.
        history: the least loss after each step, float32 of shape `(n, steps + 1)`; the first is
            that of the start.
    """

    latents: np.ndarray
    images: np.ndarray
    losses: np.ndarray
    history: np.ndarray

    def psnr(self, images, value_range: tuple[float, float]) -> np.ndarray:
        """Return the peak signal-to-noise ratio of each image in decibels, of shape `(n,)`.

        It is 10 log10(r^2 / mean((x - y)^2)) for a value range of width r.
        """
        difference = (np.asarray(images, "float64") - self.images).reshape(len(self.images), -1)
        width = value_range[1] - value_range[0]
        with np.errstate(divide="ignore"):
            return -10.0 * np.log10(np.mean(difference**2, axis=1) / width**2)


class Search:
    """The search for the latents of data by descent, for one model and one loss.

    Args:
        model: a model that samples from latents.
        weights: the weight of each part of the loss, of `"pixel"` and `"features"`.
        features: a function from data in the model's value range to a tensor, or a list of tensors,
            of features, such as a Keras model or an object with one as its attribute `network`;
            `None` if the loss has none.
        hold: the weight of the squared distance from the start.
        rule: the rule of descent.
    """

    def __init__(
        self,
        model,
        weights: dict[str, float],
        features: Callable | None,
        hold: float,
        rule: Rule,
    ):
        self.model, self.weights, self.features, self.hold = model, weights, features, hold
        low, high = model.data.range or (0.0, 1.0)
        self.width = high - low
        network = getattr(features, "network", features)  # of an object around a Keras model
        networks = (model, network) if isinstance(network, keras.Model) else (model,)
        self.descent = Descent(self.losses, rule, networks)

    def tournament(
        self, begin: np.ndarray, restarts: int, steps: int, constants: tuple, **options
    ) -> Descended:
        """Return the best of several searches for each datum.

        All searches take a quarter of the steps. The best quarter of those of each datum, and at
        least one, takes the rest.

        Args:
            begin: the first latents, `restarts` in sequence for each datum.
            restarts: the number of searches for each datum.
            steps: the number of steps of a search.
            constants: the data, their weights, and their conditions if there are any.
            **options: arguments of `Descent.run`.
        """
        n = len(constants[0])
        trial_steps, kept = _rounds(restarts, steps)

        def run(values: np.ndarray, start: np.ndarray, count: int) -> Descended:
            rows = [np.repeat(array, len(values) // n, axis=0) for array in constants]
            return self.descent.run(values, count, (*rows[:2], start, *rows[2:]), **options)

        if not trial_steps:
            found = run(begin, begin, steps)
            best = _least(found.losses, restarts, 1)
            return Descended(*(array[best] for array in found))
        trial = run(begin, begin, trial_steps)
        going = _least(trial.losses, restarts, kept)
        found = run(trial.values[going], begin[going], steps - trial_steps)
        history = np.concatenate([trial.history[going], found.history[:, 1:]], axis=1)
        best = _least(found.losses, kept, 1)
        return Descended(found.values[best], found.losses[best], history[best])

    def losses(self, latents, data, known, start, *condition):
        """Return the loss of each row, of shape `(n,)`."""
        made = self.model.generate(latents, *condition)
        axes = tuple(range(1, len(made.shape)))
        total = 0.0
        if self.weights.get("pixel"):
            error = ops.sum(known * ops.square((made - data) / self.width), axis=axes)
            total += self.weights["pixel"] * error / ops.sum(known, axis=axes)
        if self.weights.get("features"):
            # What is not known is taken from the model's own data, and makes no difference.
            wanted = known * data + (1.0 - known) * made
            total += self.weights["features"] * _distance(
                self.features(made), self.features(wanted)
            )
        if self.hold:
            total += self.hold * ops.mean(ops.square(latents - start), axis=-1)
        return total


def _rounds(restarts: int, steps: int) -> tuple[int, int]:
    """Return the number of steps that all searches of a datum take, 0 if all take all steps, and
    the number of searches that take the rest."""
    trial_steps = steps // ROUNDS if restarts > 1 else 0
    return trial_steps, -(-restarts // ROUNDS) if trial_steps else restarts


def count_steps(n: int, restarts: int, steps: int, batch_size: int) -> int:
    """Return the number of calls of `told` in the inversion of `n` data."""
    trial_steps, kept = _rounds(restarts, steps)
    batches = [-(-n * rows // batch_size) for rows in (restarts, kept)]
    return batches[0] * trial_steps + batches[1] * (steps - trial_steps)


def _least(losses: np.ndarray, group: int, count: int) -> np.ndarray:
    """Return the numbers of the `count` rows of least loss, in each group of `group` rows."""
    order = np.argsort(losses.reshape(-1, group), axis=1, kind="stable")[:, :count]
    return (order + group * np.arange(len(order))[:, None]).reshape(-1)


def _distance(first, second):
    """Return the mean over layers of the squared distance of features, relative to their size."""
    first, second = ([x] if not isinstance(x, list | tuple) else list(x) for x in (first, second))
    parts = [relative_error(*pair) for pair in zip(first, second, strict=True)]
    return sum(parts) / len(parts)


def invert(
    model,
    images,
    labels=None,
    *,
    steps: int = 100,
    loss: str | dict[str, float] = "pixel",
    features: Callable | None = None,
    mask=None,
    start: Any = "best_of",
    restarts: int = 1,
    rule: str | Rule = "lbfgs",
    hold: float = 0.0,
    seed: int | None = 0,
    batch_size: int = 256,
    told: Callable[[], None] = lambda: None,
    stops: Callable[[], bool] = lambda: False,
) -> Inversion:
    """Return the latents of `model` whose data are nearest to `images`: see `LatentModel`."""
    if isinstance(labels, str | int | np.integer):  # one for all images
        (data,) = model.checked_inputs(images, labelled=False)
        labels = model.choose_condition(labels, len(data), None)
    data, *condition = model.checked_inputs(images, labels)
    check_count("steps", steps)
    check_count("restarts", restarts)
    check_number("hold", hold)
    weights, rule = _weights(loss, features), Rule.get(rule)
    known = check_mask(mask, data)
    constants = (data, known, *condition)
    begin = _starts(model, start, constants, restarts, seed, batch_size)
    key = ("invert", *weights.items(), hold, rule.name, repr(rule.get_config()), id(features))
    check_can_compute()
    with model.turns:
        engine.synchronize(model)
        search = model.kept(str(key), lambda: Search(model, weights, features, hold, rule))
        options = {"batch_size": batch_size, "told": told, "stops": stops}
        found = search.tournament(begin, restarts, steps, constants, **options)
    made = model.sample(latents=found.values, batch_size=batch_size, **_chosen(condition))
    still = (found.values == begin).all(axis=1) if restarts == 1 else np.zeros(len(made), bool)
    if still.any() and not stops():
        _warn_of_still(model, begin, made, condition, start, still)
    return Inversion(found.values, made, found.losses, found.history)


def _warn_of_still(model, begin, made, condition: list, start, still: np.ndarray) -> None:
    """Warn of the searches `still`, which have not left their start, if images do not change there.

    The units of a generator's first layer may all be off at the mean of the prior.
    """
    noise = NEAR * np.random.default_rng(0).standard_normal(begin[still].shape)
    latents = (begin[still] + noise).astype("float32")
    around = model.sample(latents=latents, **_chosen([rows[still] for rows in condition]))
    still[still] = (around == made[still]).reshape(len(latents), -1).all(axis=1)
    if still.any():
        given = repr(start) if isinstance(start, str) else "the given latents"
        warn(
            f"{still.sum()} of {len(still)} searches did not leave their start, {given}: the "
            "images of the model do not change there. Another start, or more restarts, find others."
        )


def check_mask(mask, data: np.ndarray) -> np.ndarray:
    """Return the weight of each number of `data`, float32 of its shape, for the argument `mask`.

    Args:
        mask: numbers in [0, 1] or bools, 1 or True where data are known, of the shape of one image,
            of all, or of either with one channel or none; `None` if all is known.
        data: the data, of shape `(n, ...)`.

    Raises:
        ArgumentError: if the mask has another shape or other values, or knows nothing of an image.
    """
    if mask is None:
        return np.ones_like(data)
    values = mask_values("mask", mask, "known")
    one = data.shape[1:]
    flat = (*one[:-1], 1)
    shapes = {one: one, flat: flat, one[:-1]: flat} if len(one) > 1 else {one: one}
    shapes |= {(len(data), *given): (len(data), *taken) for given, taken in shapes.items()}
    if values.shape not in shapes:
        allowed = ", ".join(map(str, shapes))
        raise ArgumentError(
            f"mask must have one of the shapes {allowed}. Received: {values.shape}."
        )
    known = np.broadcast_to(values.reshape(shapes[values.shape]), data.shape)
    check_some("mask", known, "known")
    return np.ascontiguousarray(known)


def _weights(loss: str | dict[str, float], features: Callable | None) -> dict[str, float]:
    """Return the weight of each part of the loss, or raise."""
    weights = LOSSES.get(loss) if isinstance(loss, str) else loss
    if not isinstance(weights, dict) or not weights or not {*weights} <= {*PARTS}:
        raise ArgumentError(
            f"loss must be one of {', '.join(map(repr, LOSSES))}, or a dict of weights of "
            f"{' and '.join(map(repr, PARTS))}. Received: {loss!r}."
        )
    weights = {part: check_number(f"loss[{part!r}]", weight) for part, weight in weights.items()}
    if not any(weights.values()):
        raise ArgumentError(f"loss must have a weight above 0. Received: {loss!r}.")
    known = callable(features) and not isinstance(features, Classifies)
    if weights.get("features") and not known:
        raise ArgumentError(
            "features must be a function of images, such as zoo.latents.features(model, "
            f"'classifier_mnist'), since loss={loss!r} compares them. Received: {features!r}."
        )
    return weights


def _chosen(condition: list) -> dict[str, np.ndarray]:
    """Return the argument of `sample` for the conditions, if there are any."""
    return {"condition": condition[0]} if condition else {}


def _starts(model, start, rows: tuple, restarts: int, seed, batch_size: int) -> np.ndarray:
    """Return `restarts` latents for each datum, those of one datum in sequence.

    Args:
        model: the model.
        start: as for `invert`.
        rows: the data, their weights, and their conditions if there are any.
        restarts: the number of latents for each datum.
        seed: the seed of the candidates.
        batch_size: the number of candidates that are computed at once.
    """
    data, _, *condition = rows
    first = _first(model, start, data, condition, batch_size)
    count = restarts if first is None else restarts - 1
    if not count:
        return first
    others = _nearest(model, rows, count, seed, batch_size)
    if first is not None:
        others = np.concatenate([first[:, None], others], axis=1)
    return others.reshape(-1, others.shape[-1])


def _first(model, start, data, condition: list, batch_size: int) -> np.ndarray | None:
    """Return the first start of each datum, or `None` if it is the nearest candidate."""
    if isinstance(start, str) and start not in STARTS:
        raise ArgumentError(
            f"start must be one of {', '.join(map(repr, STARTS))}, a model that encodes, or "
            f"latents of shape (n, {model.latent_dim}). Received: {start!r}."
        )
    if isinstance(start, str) and start == "best_of":
        return None
    if isinstance(start, str) and start == "mean":
        # Of N(0, I) it is 0. Of another prior it is taken from draws.
        if model.prior.is_identity:
            return np.zeros((len(data), model.latent_dim), "float32")
        labels = np.repeat(condition[0], MEANS, axis=0) if condition else None
        inputs = model.latent_inputs(MEANS * len(data), 0, None, labels, batch_size=batch_size)
        return inputs[0].reshape(len(data), MEANS, model.latent_dim).mean(axis=1)
    encoder = model if isinstance(start, str) else start
    if callable(getattr(encoder, "encode", None)):
        check_encodes(encoder, model)
        codes = encoder.encode(data, *condition, batch_size=batch_size)
        codes = codes[0] if isinstance(codes, tuple) else codes  # the mean of a distribution
        latents = model.check_latents(codes)
    elif isinstance(start, str):
        raise ArgumentError(
            f"start='encoder' needs a model with codes of its own. Received: "
            f"{type(model).__name__}. Allowed: a latent_encoder that was trained for the model, "
            "such as zoo.load('inverter_dcgan_mnist') for 'dcgan_mnist'."
        )
    elif start is None or isinstance(start, Task):
        raise ArgumentError(
            "start must be 'best_of', 'mean', 'encoder', a model that encodes, or latents. "
            f"Received: {start!r}."
        )
    else:
        latents = model.check_latents(start)
    if len(latents) != len(data):
        raise ArgumentError(
            f"start must give a latent for each of {len(data)} images. Received: {len(latents)}."
        )
    return latents


def check_encodes(encoder, model) -> None:
    """Raise unless a model that encodes takes the data of `model`, and warn if it was trained for
    another one."""
    if not isinstance(encoder, Encodes):
        return  # a user's own object
    takes, wanted = ((m.data, m.condition) for m in (encoder, model))
    if takes != wanted:
        raise ArgumentError(
            f"start must be an encoder of {_described(*wanted)}, as {type(model).__name__} makes "
            f"them. Received: {type(encoder).__name__}, for {_described(*takes)}."
        )
    if not encoder.encodes_for(model):
        warn(
            f"start is {type(encoder).__name__}, which was trained for another generator than "
            f"{type(model).__name__} or for other weights: its codes say little of this one."
        )


def _described(data, condition) -> str:
    """Return the text for the data that a model takes, and its conditions."""
    return data.text if condition is None else f"{data.text} with {condition.noun}"


def _nearest(model, rows: tuple, count: int, seed, batch_size: int) -> np.ndarray:
    """Return the latents of the `count` samples nearest to each datum, the nearest first."""
    data, known, *condition = rows
    found = np.empty((len(data), count, model.latent_dim), "float32")
    candidates = max(CANDIDATES, count)
    groups = np.zeros(len(data), "int64")
    if condition:
        kinds, groups = np.unique(condition[0], axis=0, return_inverse=True)
        groups = groups.reshape(-1)
    for group in np.unique(groups):
        of_group = groups == group
        chosen = {"labels": np.repeat(kinds[group : group + 1], candidates)} if condition else {}
        inputs = model.latent_inputs(
            candidates, seed, None, chosen.get("labels"), batch_size=batch_size
        )
        images = model.sample(latents=inputs[0], batch_size=batch_size, **chosen)
        images = images.reshape(candidates, -1)
        wanted, weight = (x[of_group].reshape(of_group.sum(), -1) for x in (data, known))
        # The squared distances without the part that all candidates share.
        distances = weight @ np.square(images).T - 2.0 * (weight * wanted) @ images.T
        order = np.argsort(distances, axis=1, kind="stable")[:, :count]
        found[of_group] = inputs[0][order]
    return found
