"""Limits for files from anybody, and the one setting that raises them."""

from __future__ import annotations

import math
import os

from zoo.errors import ArgumentError, IntegrityError

VARIABLE = "ZOO_FILE_LIMITS"


def factor() -> float:
    """Return the number by which the user raises all limits for files, 1 by default.

    Raises:
        ArgumentError: if `ZOO_FILE_LIMITS` is no number of at least 1.
    """
    text = os.environ.get(VARIABLE) or "1"
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 1 <= value < math.inf:
        raise ArgumentError(
            f"{VARIABLE} must be a number of at least 1, which multiplies the limits for files. "
            f"Received: {text!r}."
        )
    return value


def check_limit(
    source: str, what: str, value: float, limit: float, error: type[Exception] = IntegrityError
) -> None:
    """Raise unless `value`, the number of `what` in a file, is within `limit`.

    Args:
        source: the name of the file in errors.
        what: the plural noun of what is counted, such as `"arrays"`.
        value: their number.
        limit: the largest number, which `ZOO_FILE_LIMITS` multiplies.
        error: the class of the error.
    """
    if value > limit * factor():
        raise error(
            f"{source} has {value:,.0f} {what}, {value / limit:,.1f} times the limit of "
            f"{limit:,.0f}. A file that you trust is read with {VARIABLE}="
            f"{math.ceil(value / limit)}, which raises all limits for files."
        )
