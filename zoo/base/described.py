"""Docstrings that describe all arguments, also those that another docstring describes."""

from __future__ import annotations

import inspect
import re
import sys
import textwrap
from collections.abc import Callable

from zoo.base.extends import entries_of, sections_of

REFERENCE = re.compile(r"as for `([\w.]+)`(?P<more>, and [^;.]*)?[;.]?\s*(?P<remark>.*)", re.DOTALL)
WIDTH = 100


def described_by(other: Callable) -> Callable:
    """Return a decorator that adds descriptions of arguments to the docstring of a function.

    They are those of the arguments that it shares with `other`, unless it describes them itself.

    Args:
        other: a function with descriptions of its arguments.

    Example:

    >>> from zoo.base.described import described_by
    >>> def first(size):
    ...     '''Do it.
    ...
    ...     Args:
    ...         size: how large.
    ...     '''
    >>> @described_by(first)
    ... def second(size):
    ...     '''Undo it.'''
    >>> print(second.__doc__)
    Undo it.
    <BLANKLINE>
    Args:
        size: how large.
    """

    def decorate(function):
        if function.__doc__ is None or other.__doc__ is None:  # under `python -OO`
            return function
        own = sections_of(function.__doc__)
        found = entries_of(sections_of(other.__doc__).get("Args:", []))
        found |= entries_of(own.pop("Args:", []))
        by_name = {name.lstrip("*"): text for name, text in found.items()}
        names = inspect.signature(function).parameters
        lines = [line for name in names for line in by_name.get(name, [])]
        function.__doc__ = _joined({"": own.pop(""), "Args:": lines, **own})
        return function

    return decorate


def complete(cls: type) -> None:
    """Put the descriptions of other classes into the docstring of `cls` where it refers to them.

    An argument that is described as `` as for `Parent`. `` gets the description there. With
    `` , and all other arguments `` or with names in place of "all other arguments" those follow it.
    What stands behind is added to it.
    """
    if not vars(cls).get("__doc__"):
        return
    own = sections_of(cls.__doc__)
    described = entries_of(own.get("Args:", []))
    lines: list[str] = []
    for name, text in described.items():
        lines += _completed(cls, name, text, described)
    if lines != [line for text in described.values() for line in text]:
        own["Args:"] = lines
        cls.__doc__ = _joined(own)


def _completed(cls: type, name: str, text: list[str], described: dict) -> list[str]:
    """Return the lines that describe the argument `name` of `cls`, and those that it stands for."""
    joined = " ".join(line.strip() for line in text).removeprefix(f"{name}: ")
    reference = REFERENCE.fullmatch(joined)
    other = None if reference is None else _find(cls, reference[1])
    found = {} if other is None else entries_of(sections_of(other.__doc__ or "").get("Args:", []))
    if name not in found:
        return text
    remark = reference["remark"]
    own = textwrap.wrap(remark[:1].upper() + remark[1:], WIDTH - 12)
    lines = [*found[name], *(" " * 8 + line for line in own)]
    more = reference["more"] or ""
    names = found if "all other arguments" in more else re.findall(r"`(\w+)`", more)
    for each in names:
        if each not in described and each in found and _takes(cls, each):
            lines += found[each]
    return lines


def _find(cls: type, name: str) -> type | None:
    """Return the class that a docstring of `cls` calls `name`, or `None`."""
    module, _, last = name.rpartition(".")
    if module:
        return vars(sys.modules[module]).get(last) if module in sys.modules else None
    return next((base for base in cls.__mro__[1:] if base.__name__ == name), None)


def _takes(cls: type, name: str) -> bool:
    """Return whether the constructor of `cls` takes the argument `name`, also as a setting."""
    parameters = inspect.signature(cls.__init__).parameters
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return True
    return name.lstrip("*") in parameters


def _joined(parts: dict[str, list[str]]) -> str:
    """Return the docstring of sections by title, without empty ones."""
    texts = ["\n".join([title, *lines]).strip("\n") for title, lines in parts.items()]
    return "\n\n".join(text for text in texts if text and text not in ("Args:", "Raises:"))
