"""Methods that pass what they do not name on to their parent's."""

from __future__ import annotations

import inspect
import re
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
    >>> from zoo.base.extends import extends
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
    """The docstring `doc`, with the arguments that only the parent's describes, and its errors."""
    own, inherited = _sections(doc), _sections(parents)
    described = _entries(inherited.get("Args:", [])) | _entries(own.pop("Args:", []))
    arguments = [line for name in signature.parameters for line in described.get(name, [])]
    errors = own.pop("Raises:", []) + inherited.get("Raises:", [])
    head = own.pop("")
    sections = {"Args:": arguments, "Raises:": errors} | own
    parts = [head, *([title, *lines] for title, lines in sections.items() if lines)]
    return "\n\n".join("\n".join(part) for part in parts)


def _sections(doc: str) -> dict[str, list[str]]:
    """The lines of each section of a docstring by its title, such as `Args:`; `""` comes first."""
    title = ""
    sections: dict[str, list[str]] = {title: []}
    for line in inspect.cleandoc(doc).splitlines():
        if re.fullmatch(r"[A-Z]\w*:", line):
            title = line
        sections.setdefault(title, []).extend([] if line == title else [line])
    return {title: "\n".join(lines).rstrip("\n").split("\n") for title, lines in sections.items()}


def _entries(lines: list[str]) -> dict[str, list[str]]:
    """The lines of each argument by its name."""
    name = ""
    entries: dict[str, list[str]] = {}
    for line in filter(None, lines):
        if re.match(" {4}\\S", line):
            name = line.split(":")[0].strip()
        entries.setdefault(name, []).append(line)
    return entries
