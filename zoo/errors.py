"""The errors of the package, whose messages name the argument, its value and the allowed values."""

from __future__ import annotations

import difflib
import math
import numbers
import operator
from collections.abc import Iterable

from zoo.base.text import harmless


class ZooError(Exception):
    """The base class of the package's errors.

    Their messages hold texts of files and servers. They are cut off where they are very long, and
    control characters in them are shown and not obeyed.
    """

    def __init__(self, *args):
        super().__init__(*(harmless(arg) if isinstance(arg, str) else arg for arg in args))


class ArgumentError(ZooError, ValueError):
    """An argument has a value that is not allowed."""


class SizeError(ArgumentError):
    """Networks are not made for images of this size.

    `size` is the height and the width that were asked for. `nearest` are the sizes of square images
    that the networks are made for, at most two, nearest first.
    """

    def __init__(self, message: str, size: tuple[int, int], nearest: list[int]):
        near = ", ".join(f"{side}x{side}" for side in nearest)
        super().__init__(f"{message} Nearest sizes: {near}." if near else message)
        self.size = size
        self.nearest = nearest


class UnknownNameError(ArgumentError):
    """A name is not among the known ones."""


class BackendError(ZooError, ImportError):
    """No backend can be used: none is installed, the chosen one is not, or it is broken."""


class BusyError(ZooError, RuntimeError):
    """Another thread trains the model."""


class ForkError(ZooError, RuntimeError):
    """The process was forked from one that had computed, and cannot compute itself."""


class ModelError(ZooError, TypeError):
    """A class of models that does not keep what its tasks promise."""


class IntegrityError(ZooError):
    """The bytes of a file are not those that its card names."""


class TrustError(ZooError, ImportError):
    """A preset needs a module that the user has not allowed, or that lacks its classes."""


class FetchError(ZooError):
    """A file cannot be fetched."""


class WrongBytesError(FetchError, IntegrityError):
    """A fetched file is not the one that its card names."""


class NoMemoryError(ZooError, MemoryError):
    """The device that computes has no memory left."""


class StorageError(ZooError, OSError):
    """A place on the disk cannot be written."""


class ProtocolError(ZooError, ValueError):
    """Two numbers cannot be compared, since they were measured by different protocols."""


class CardError(ZooError, ValueError):
    """A card breaks the rules for cards."""


class RecipeError(ZooError, ValueError):
    """A recipe, or an option of a recipe, cannot be run."""


class DivergedError(ZooError, ArithmeticError):
    """A training has losses or weights that are not finite.

    `step` is the step that produced them, counted from 1. `player` is the name of the player that
    they belong to, or `None` where it is unknown.
    """

    def __init__(self, message: str, step: int, player: str | None):
        super().__init__(message)
        self.step = step
        self.player = player


class DataError(ZooError, ValueError):
    """Data cannot be found, read or used."""


class MissingSplitError(DataError):
    """A data set does not have the requested split."""


def nearest(name: str, allowed: Iterable[str], n: int = 3) -> list[str]:
    """Return the `n` names of `allowed` that are closest to `name`, nearest first.

    Upper and lower case count as equal.
    """
    by_lower_case = {other.lower(): other for other in allowed}
    matches = difflib.get_close_matches(str(name).lower(), list(by_lower_case), n=n, cutoff=0.0)
    return [by_lower_case[other] for other in matches]


def unknown_name(
    kind: str, name: object, allowed: Iterable[str], see: str | None = None
) -> UnknownNameError:
    """Return the error for an unknown `name` of the given `kind`.

    The message lists the allowed names if they are at most eight, and else the nearest ones. `see`
    is a last sentence that says where to look.
    """
    allowed = sorted(map(str, allowed))
    parts = [f"Unknown {kind}: {name!r}."]
    if not allowed:
        parts.append("There is none to choose from.")
    elif len(allowed) <= 8:
        parts.append(f"Allowed: {', '.join(allowed)}.")
    else:
        parts.append(f"Nearest: {', '.join(nearest(str(name), allowed))}.")
    if see:
        parts.append(see)
    return UnknownNameError(" ".join(parts))


def instance_hint(value: object) -> str:
    """Return a last sentence of an error for a class in the place of an instance, else `""`."""
    if not isinstance(value, type):
        return ""
    return f" That is a class: give an instance of it, such as {value.__name__}()."


def check_choice(argument: str, value: object, allowed: Iterable[str]) -> None:
    """Raise an `UnknownNameError` unless `value` is one of the `allowed` names."""
    allowed = list(allowed)
    if value not in allowed:
        raise unknown_name(argument, value, allowed)


def check_count(argument: str, value: object, minimum: int = 1) -> int:
    """Return `value` as an int.

    Raises:
        ArgumentError: if `value` is not a whole number of at least `minimum`.
    """
    try:
        number = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = None
    if value is None:
        raise ArgumentError(
            f"{argument} is needed, a whole number of at least {minimum}. Received: None."
        )
    if number is None or number < minimum:
        raise ArgumentError(
            f"{argument} must be a whole number of at least {minimum}. Received: {value!r}."
        )
    return number


def check_number(
    argument: str, value: object, minimum: float | None = 0.0, above: bool = False
) -> float:
    """Return `value`.

    Raises:
        ArgumentError: if `value` is not a finite number, or lies below `minimum`; with `above=True`
            also if it equals `minimum`. `minimum=None` allows any finite number.
    """
    finite = isinstance(value, numbers.Real) and math.isfinite(value)
    if minimum is None:
        valid, bound = finite, ""
    elif above:
        valid, bound = finite and value > minimum, f" above {minimum:g}"
    else:
        valid, bound = finite and value >= minimum, f" of at least {minimum:g}"
    if not valid:
        raise ArgumentError(f"{argument} must be a finite number{bound}. Received: {value!r}.")
    return value
