"""Methods that pass what they do not name on to their parent's."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable


def extends(parent: type) -> Callable:
    """Decorates the constructor, or another method, of a subclass of `parent` that passes its
    `**kwargs` on unchanged: its signature then names the parent's other arguments too,
    keyword-only, and its docstring, if it has one, describes them.

    So help shows all arguments with their defaults, and a configuration holds them all. The call
    itself stays plain Python.

    Args:
        parent: the class whose method of the same name gets the `**kwargs`.

    Example:

    >>> import inspect
    >>> from zoo.signature import extends
    >>> class Parent:
    ...     def __init__(self, size=1, color="red"): ...
    >>> class Child(Parent):
    ...     @extends(Parent)
    ...     def __init__(self, size=2, **kwargs):
    ...         super().__init__(size, **kwargs)
    >>> inspect.signature(Child)
    <Signature (size=2, *, color='red')>
    """

    def decorate(method):
        signature = inspect.signature(method)
        *own, rest = signature.parameters.values()
        if rest.kind is not rest.VAR_KEYWORD:
            raise TypeError(f"{method.__qualname__} must end in **kwargs to extend {parent}.")
        extended = getattr(parent, method.__name__)
        passed_on = inspect.signature(extended).parameters
        inherited = [
            p if p.kind is p.VAR_KEYWORD else p.replace(kind=p.KEYWORD_ONLY)
            for name, p in passed_on.items()
            if name not in signature.parameters or p.kind is p.VAR_KEYWORD
        ]
        method.__signature__ = signature.replace(parameters=own + inherited)
        if method.__doc__ and extended.__doc__:
            method.__doc__ = _joined(method.__doc__, extended.__doc__, method.__signature__)
        return method

    return decorate


def _joined(doc: str, parents: str, signature: inspect.Signature) -> str:
    """The docstring `doc`, with the arguments that only the parent's describes; where it describes
    none, with the parent's errors too."""
    head, own, tail = _parts(doc)
    _, inherited, last = _parts(parents)
    described = inherited | own
    entries = [described[name] for name in signature.parameters if name in described]
    arguments = ["Args:", *itertools.chain(*entries)] if entries else []
    return "\n\n".join("\n".join(p) for p in (head, arguments, tail or last) if p)


def _parts(doc: str) -> tuple[list[str], dict[str, list[str]], list[str]]:
    """The lines before the list of arguments, those of each argument, and those after."""
    lines = inspect.cleandoc(doc).splitlines()
    if "Args:" not in lines:
        return lines, {}, []
    start = lines.index("Args:")
    end = next((i for i in range(start, len(lines)) if not lines[i]), len(lines))
    arguments: dict[str, list[str]] = {}
    for line in lines[start + 1 : end]:
        if line[4] != " ":  # less deep than what goes on
            entry = arguments.setdefault(line.split(":")[0].strip(), [])
        entry.append(line)
    return lines[: start - 1], arguments, lines[end + 1 :]
