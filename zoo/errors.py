"""Errors that teach: each names the argument, the value received and what is allowed."""

from __future__ import annotations

import difflib
import math
import numbers
import operator
from collections.abc import Iterable


class ZooError(Exception):
    """Base of the errors that this package defines."""


class ArgumentError(ZooError, ValueError):
    """An argument with a value that is not allowed."""


class UnknownNameError(ArgumentError):
    """A name that is not among those known."""


class ModelError(ZooError, TypeError):
    """A class of models that does not keep what its tasks promise."""


class IntegrityError(ZooError):
    """A file whose bytes are not those its card names."""


class FetchError(ZooError):
    """A file that cannot be fetched."""


class WrongBytesError(FetchError, IntegrityError):
    """A file that was fetched, and is not what its card names."""


class StorageError(ZooError, OSError):
    """A place that cannot be written."""


class ProtocolError(ZooError, ValueError):
    """Numbers of different protocols, which cannot be compared."""


class CardError(ZooError, ValueError):
    """A card that breaks the rules for cards."""


class RecipeError(ZooError, ValueError):
    """A recipe, or an option of one, that cannot be run."""


class DivergedError(ZooError, ArithmeticError):
    """A training whose losses or weights are no finite numbers any more.

    `step` is the step that made them, counted from 1, and `player` whose they are, or `None` where
    that cannot be told.
    """

    def __init__(self, message: str, step: int, player: str | None):
        super().__init__(message)
        self.step = step
        self.player = player


class DataError(ZooError, ValueError):
    """Data that cannot be found, read or used."""


class MissingSplitError(DataError):
    """Data that have no such split."""


def nearest(name: str, allowed: Iterable[str], n: int = 3) -> list[str]:
    """The `n` names of `allowed` that are closest to `name`, nearest first; capital letters count
    as small ones."""
    small = {other.lower(): other for other in allowed}
    found = difflib.get_close_matches(str(name).lower(), list(small), n=n, cutoff=0.0)
    return [small[other] for other in found]


def unknown_name(
    what: str, name: object, allowed: Iterable[str], see: str | None = None
) -> UnknownNameError:
    """The error for an unknown `name` of kind `what`: the nearest names, all of them when few, and
    where to look."""
    allowed = sorted(map(str, allowed))
    parts = [f"Unknown {what}: {name!r}."]
    if not allowed:
        parts.append("There is none to choose from.")
    elif len(allowed) <= 8:
        parts.append(f"Allowed: {', '.join(allowed)}.")
    else:
        parts.append(f"Nearest: {', '.join(nearest(str(name), allowed))}.")
    if see:
        parts.append(see)
    return UnknownNameError(" ".join(parts))


def check_choice(what: str, value: object, allowed: Iterable[str]) -> None:
    """Raises unless `value` is one of the `allowed` names."""
    allowed = list(allowed)
    if value not in allowed:
        raise unknown_name(what, value, allowed)


def check_count(what: str, value: object, minimum: int = 1) -> int:
    """Returns `value` as an int, or raises unless it is a whole number of at least `minimum`."""
    try:
        number = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = None
    if number is None or number < minimum:
        raise ArgumentError(
            f"{what} must be a whole number of at least {minimum}. Received: {value!r}."
        )
    return number


def check_number(
    what: str, value: object, minimum: float | None = 0.0, above: bool = False
) -> float:
    """Returns `value`, or raises unless it is a finite number of at least, or above, `minimum`."""
    number = isinstance(value, numbers.Real) and math.isfinite(value)
    if minimum is None:
        fits, bound = number, ""
    elif above:
        fits, bound = number and value > minimum, f" above {minimum:g}"
    else:
        fits, bound = number and value >= minimum, f" of at least {minimum:g}"
    if not fits:
        raise ArgumentError(f"{what} must be a finite number{bound}. Received: {value!r}.")
    return value
