"""Checks of models by their tasks: a table keyed by the names of `zoo.engine.tasks`."""

from __future__ import annotations

import inspect

import keras
import numpy as np

from zoo.engine.spaces import Classes
from zoo.testing.examples import (
    Make,
    arrays,
    assert_close,
    assert_data,
    refused,
)

N = 7  # data; with parts of 4 only batches of 8 and of 4 rows are ever compiled
PART = 4
LIKELIHOODS = ("exact", "bound", "estimate")
DENSITIES = ("binary", "levels", "continuous")


def _chosen(model, n: int, seed: int = 1) -> dict:
    """Return the argument of `sample` for `n` conditions."""
    return {} if model.condition is None else {"condition": model.condition.example(n, seed)}


def samples(make: Make) -> None:
    """Check that samples depend on weights, noise and conditions alone.

    The first samples of a longer call are the same.
    """
    model, other = make(), make()
    other.set_weights(model.get_weights())
    chosen = _chosen(model, N)
    first = model.sample(N, seed=1, **chosen)
    assert_data(model, first, N, "samples")
    assert_close(model.sample(N, seed=1, **chosen), first, "samples depend on a hidden state", 0)
    assert_close(other.sample(N, seed=1, **chosen), first, "samples depend on the object", 0)
    few = model.sample(3, seed=1, **{key: value[:3] for key, value in chosen.items()})
    assert_close(few, first[:3], "fewer samples of one seed are others", 1e-5)
    noise = model.sample_noise(N, seed=1)
    assert_close(model.sample(noise=noise, **chosen), first, "sample(noise=) gives others", 1e-5)
    assert (model.sample(N, seed=2, **chosen) != first).any(), "two seeds give one sample"
    same = (first[:1] == first[1:]).reshape(N - 1, -1).all(axis=1)
    text = "draws of noise give one sample"
    assert not (same.all() if model.data.name == "binary_vectors" else same.any()), text
    other.set_weights([0.5 * w if w.any() else np.ones_like(w) for w in model.get_weights()])
    changed = other.sample(N, seed=1, **chosen)
    assert (changed != first).any(), "samples do not depend on weights"
    _in_parts(model, first, chosen)
    with refused("n=|n must", "sample(0)"):
        model.sample(0)
    with refused("both", "noise= beside seed="):
        model.sample(N, seed=1, noise=noise, **chosen)
    _CONDITIONS[_kind(model)](model, first)


def _in_parts(model, first, chosen: dict) -> None:
    """Check that `sample_batches` gives what `sample` gives."""
    parts = list(model.sample_batches(N, seed=1, batch_size=PART, **chosen))
    rows = [len(values) for values, _ in parts]
    text = f"sample_batches({N}, batch_size={PART}) gives batches of {rows}"
    assert rows == [PART, N - PART], text
    whole = np.concatenate([values for values, _ in parts])
    assert_close(whole, first, "sample_batches differs from sample")
    if model.condition is None:
        given = any(condition is not None for _, condition in parts)
        assert not given, "sample_batches gives conditions, and the model has none"
    else:
        conditions = np.concatenate([condition for _, condition in parts])
        assert_close(conditions, chosen["condition"], "sample_batches gives other conditions")


def _kind(model) -> str:
    if model.condition is None:
        return "none"
    return "classes" if isinstance(model.condition, Classes) else "other"


def _no_condition(model, first) -> None:
    with refused("is not conditional and takes no labels", "labels="):
        model.sample(N, labels=0)


def _any_condition(model, first) -> None:
    others = _chosen(model, N, seed=2)
    assert (model.sample(N, seed=1, **others) != first).any(), "samples ignore conditions"
    with refused("needs condition=", "no condition"):
        model.sample(N, seed=1)
    with refused("condition must hold", "too few conditions"):
        model.sample(N, condition=others["condition"][:-1])


def _classes(model, first) -> None:
    classes = model.condition.n
    ones = model.sample(N, seed=0, labels=min(1, classes - 1))
    again = model.sample(seed=0, labels=np.full(N, min(1, classes - 1)))
    assert_close(ones, again, "one label for all differs from a label for each", 0)
    if classes > 1:
        others = model.sample(N, seed=0, labels=0)
        assert (ones != others).any(), "samples ignore labels"
    every = model.sample(labels="all", seed=0)
    listed = model.sample(seed=0, labels=np.arange(classes))
    assert_close(every, listed, "labels='all' is not each class in its order", 0)
    drawn = [model.sample(N, seed=5), *model.sample_batches(N, seed=5, batch_size=PART)]
    whole = np.concatenate([values for values, _ in drawn[1:]])
    assert_close(drawn[0], whole, "random classes in parts are others")
    for labels, message in (
        (classes, f"labels must lie in 0 to {classes - 1}.*Received: {classes}"),
        ([0] * (N - 1) + [-1], "labels must lie in 0 to .*Received: -1"),
        (0.5, "labels must be integer labels"),
        ("each", "labels must be integers, one integer, 'all' or None. Received: 'each'"),
        ([0] * (N + 1), f"labels must be {N} labels. Received: {N + 1}"),
    ):
        with refused(message, f"labels={labels}"):
            model.sample(N, labels=labels)
    if classes > 1:
        with refused(f"n must be a multiple of num_classes={classes}", "n for labels='all'"):
            model.sample(classes + 1, labels="all")


_CONDITIONS = {"none": _no_condition, "classes": _classes, "other": _any_condition}


def encodes(make: Make) -> None:
    """Check that `encode` returns one code for each row, and that `decode` maps codes to data."""
    model = make()
    inputs = arrays(model, N)
    codes = model.encode(*inputs)
    for code in keras.tree.flatten(codes):
        assert len(code) == N, f"encode gives {len(code)} codes of {N} data"
        assert np.isfinite(code).all(), "codes are not finite"
    parts = keras.tree.flatten(model.encode(*inputs, batch_size=PART))
    for code, part in zip(keras.tree.flatten(codes), parts, strict=True):
        assert_close(part, code, "codes depend on batch_size")
    reconstructed = model.reconstruct(*inputs)
    assert_data(model, reconstructed, N, "reconstructions")
    decoded = model.decode(codes[0] if isinstance(codes, tuple) else codes, *inputs[1:])
    assert_close(decoded, reconstructed, "decode(encode(x)) differs from reconstruct(x)")
    for method in (model.encode, model.reconstruct):
        _refuses_another_shape(method, inputs)


def scores(make: Make) -> None:
    """Check that `log_prob` returns a finite number for each row, whatever the other rows are."""
    model = make()
    assert model.likelihood_is in LIKELIHOODS, f"likelihood_is must be one of {LIKELIHOODS}"
    assert model.density_of in DENSITIES, f"density_of must be one of {DENSITIES}"
    inputs = arrays(model, N)
    for options in [{"method": name, "k": 3} for name in model.estimators] or [{}]:
        values = model.log_prob(*inputs, **options)
        assert values.shape == (N,), f"log_prob has the shape {values.shape}, not ({N},)"
        assert np.isfinite(values).all(), "log_prob is not finite"
        again = model.log_prob(*inputs, batch_size=PART, **options)
        assert_close(again, values, "log_prob depends on batch_size")
        few = model.log_prob(*(part[:3] for part in inputs), **options)
        assert_close(few, values[:3], "log_prob of a datum depends on the others")
    _refuses_another_shape(model.log_prob, inputs)


def classifies(make: Make) -> None:
    """Check that the model returns the probability of each class, and the most probable class."""
    model = make()
    inputs = arrays(model, N)
    data = inputs[0]
    found = model.probabilities(data)
    assert found.shape[0] == N, f"probabilities have the shape {found.shape}"
    if isinstance(model.condition, Classes):
        assert found.shape == (N, model.condition.n), f"not {model.condition.n} classes"
    assert (found >= 0).all(), "probabilities are negative"
    assert_close(found.sum(axis=1), np.ones(N), "probabilities do not sum to one")
    assert_close(model.probabilities(data, batch_size=PART), found, "they depend on batch_size")
    labels = model.classify(data)
    assert labels.dtype == np.int64, f"classes must be int64, not {labels.dtype}"
    assert_close(labels, found.argmax(axis=1), "classify gives not the most probable class", 0)
    _refuses_another_shape(model.classify, (data,))


def denoises(make: Make) -> None:
    """Check that `denoise` returns one output for each noisy input, which may be out of range."""
    model = make()
    data = arrays(model, N)[0]
    noisy = data + np.random.default_rng(0).standard_normal(data.shape, dtype="float32")
    clean = model.denoise(noisy)
    assert_data(model, clean, N, "clean data")
    assert_close(model.denoise(noisy, batch_size=PART), clean, "denoise depends on batch_size")
    assert (model.denoise(noisy + 0.5) != clean).any(), "denoise ignores its input"


def translates(make: Make) -> None:
    """Check that `translate` returns one output for each input, repeatably for one seed.

    The outputs depend on the inputs, and not on `batch_size`.
    """
    model = make()
    _, inputs = arrays(model, N)
    outputs = model.translate(inputs, seed=0)
    assert_data(model, outputs, N, "translations")
    assert_close(model.translate(inputs, seed=0), outputs, "one seed gives two translations", 0)
    parts = model.translate(inputs, seed=0, batch_size=PART)
    assert_close(parts, outputs, "translations depend on batch_size")
    assert_data(model, model.translate(inputs, seed=None), N, "translations without a seed")
    others = model.condition.example(N, 2)
    assert (model.translate(others, seed=0) != outputs).any(), "translate ignores its inputs"
    if inputs.ndim > 1:
        _refuses_another_shape(model.translate, (inputs,))


def inverts(make: Make) -> None:
    """Check that `invert` finds noise whose data are nearer than others, and changes no weight.

    What it returns belongs together, and depends on no other row. A search takes few steps here,
    from the latents of other samples: the best of a thousand would take most of the time.
    """
    model = make()
    chosen = _chosen(model, N)
    data, *condition = model.sample(N, seed=1, **chosen), *chosen.values()
    search = {"steps", "start"} <= set(inspect.signature(model.invert).parameters)
    few = {"steps": 5, "start": model.sample_latents(N, seed=2)} if search else {}
    before = model.get_weights()
    result = model.invert(data, *condition, **few)
    for weight, value in zip(model.get_weights(), before, strict=True):
        assert_close(weight, value, "invert changes a weight", 0)
    assert_data(model, result.images, N, "the images of invert")
    samples = "samples" in model.tasks
    name = "latents" if samples and model.has_latents else "noise"
    again = model.sample(**{name: result.latents}, **chosen)
    assert_close(again, result.images, "the images of invert are not those of its latents", 1e-5)
    axes = tuple(range(1, data.ndim))
    distance = np.square(result.images - data).mean(axis=axes)
    others = np.square(np.roll(data, 1, axis=0) - data).mean(axis=axes)
    assert distance.mean() < others.mean(), "invert finds data no nearer than other samples"
    assert result.losses.shape == (N,), f"losses of invert have the shape {result.losses.shape}"
    parts = model.invert(data, *condition, batch_size=PART, **few)
    assert_close(parts.images, result.images, "invert depends on batch_size", 1e-2)
    _refuses_another_shape(model.invert, (data, *condition))


def _refuses_another_shape(method, inputs: tuple) -> None:
    with refused("of shape", f"data of another shape, by {method.__name__},"):
        method(inputs[0][:, :-1], *inputs[1:])


TASKS = {
    "samples": samples,
    "encodes": encodes,
    "scores": scores,
    "classifies": classifies,
    "denoises": denoises,
    "translates": translates,
    "inverts": inverts,
}
