"""`check_model` and `checks`: the contract that every model keeps, as named checks."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

import keras

from zoo.engine.tasks import tasks_of
from zoo.errors import ArgumentError, check_count, unknown_name
from zoo.testing import arguments, features, package, tasks, training
from zoo.testing.examples import Make, Skipped

Check = Callable[[Make], None]

EVERY: tuple[Check, ...] = (
    training.tasks,
    training.configuration,
    arguments.compile_arguments,
    arguments.data_arguments,
    arguments.conditions,
    training.training,
    training.players,
    training.saving,
)
# The base class keeps these for each model alike.
OF_THE_BASE_CLASS: tuple[Check, ...] = (
    training.eager,
    features.callbacks,
    features.resuming,
    features.regularizers,
    features.dtype_policy,
    features.mixed_bfloat16,
    features.mixed_float16,
)
PACKAGE: tuple[Check, ...] = (package.picture, package.metrics, package.preset)


def checks(model_class: type, steps: int = features.STEPS) -> dict[str, Check]:
    """Return the checks that apply to a class of models, by name, in the order of their run.

    Each is a function `check(make)`, where `make(**changes)` creates a fresh small model. It raises
    an error where the model breaks a promise, and `zoo.testing.Skipped`, which says why, where the
    model turns out to promise nothing. Random numbers start from one seed in each.

    Args:
        model_class: a subclass of `zoo.models.Model`.
        steps: the steps in which the model must learn one datum.

    Example:

    >>> import zoo
    >>> found = zoo.testing.checks(zoo.models.VAE)
    >>> "samples" in found, "classifies" in found
    (True, False)
    """
    check_count("steps", steps)
    own = tasks_of(model_class) if isinstance(model_class, type) else ()
    of_tasks = tuple(check for name, check in tasks.TASKS.items() if name in own)

    @functools.wraps(features.learns)
    def learns(make: Make) -> None:
        features.learns(make, steps)

    found = (*EVERY, *of_tasks, *PACKAGE, *OF_THE_BASE_CLASS, learns)
    return {check.__name__: _seeded(check) for check in found}


def _seeded(check: Check) -> Check:
    @functools.wraps(check)
    def seeded(make: Make) -> None:
        keras.utils.set_random_seed(0)
        check(make)

    return seeded


def maker(model_class: type, config: dict[str, Any] | None = None) -> Make:
    """Return the function `make(**changes)` that creates models of a class for the checks.

    Args:
        model_class: a subclass of `zoo.models.Model`.
        config: the arguments of its constructor; by default those of its `test_config()`.
    """

    def make(**changes):
        try:
            arguments = model_class.test_config() if config is None else config
        except NotImplementedError:
            raise ArgumentError(
                f"{model_class.__name__} has no test_config(): config= is needed, the arguments of "
                "its constructor for a small model."
            ) from None
        return model_class(**{**arguments, **changes})

    return make


def check_model(
    model_class: type,
    config: dict[str, Any] | None = None,
    checks: Iterable[str] | None = None,
    *,
    steps: int = features.STEPS,
) -> dict[str, str]:
    """Check that a class of models keeps the contract of this package.

    The contract is what users of any model rely on. Every model trains on each backend, compiled
    and eager, with whole and partial batches; it is saved and goes on bit for bit; wrong arguments
    get a clear error; pictures, metrics, presets and the command line work. Each task adds its own
    promises. Nothing is needed but the spaces and the tasks of the model: data are made of the
    spaces' examples.

    Args:
        model_class: a subclass of `zoo.models.Model`, registered with Keras.
        config: the arguments of its constructor, for a small model; by default those of its
            `test_config()`.
        checks: the names of the checks to run, see `zoo.testing.checks`; by default all.
        steps: the steps in which the model must learn one datum (the check `learns`); more for one
            that learns slowly, such as a GAN whose players hold each other back.

    Returns:
        The checks that were skipped, by name, each with the reason.

    Raises:
        AssertionError: with the name of the first check that fails.
        UnknownNameError: if there is no such check for this class, with the nearest names.
        ArgumentError: if `steps` is no positive whole number.

    Example:

    >>> import zoo
    >>> skipped = zoo.testing.check_model(zoo.models.VAE, checks=["players", "scores"])
    >>> skipped
    {'players': 'the model has one player'}
    """
    known, skipped = all_checks(model_class, steps), {}
    names = [checks] if isinstance(checks, str) else list(known if checks is None else checks)
    for name in names:
        if name not in known:
            raise unknown_name(f"check of {model_class.__name__}", name, known)
    for name in names:
        try:
            known[name](maker(model_class, config))
        except Skipped as reason:
            skipped[name] = str(reason)
        except Exception as error:
            text = str(error) or repr(error)
            raise AssertionError(
                f"{model_class.__name__} fails the check {name!r}: {text}"
            ) from error
    return skipped


all_checks = checks  # `check_model` has an argument of that name
