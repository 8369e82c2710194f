"""A decorator for methods that pass unnamed arguments on to the method of their parent class."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable


def extends(parent: type) -> Callable:
    """Return a decorator that adds the parent's arguments to a method's signature and docstring.

    The decorated method is a constructor, or another method, of a subclass of `parent`, and it
    passes its `**kwargs` on unchanged. Its signature then names the parent's other arguments too,
    as keyword-only ones. Its docstring, if it has one, describes them. Help therefore shows all
    arguments with their defaults, and a configuration holds them all. The call itself stays plain
    Python.

    Args:
        parent: the class whose method of the same name gets the `**kwargs`.

    Raises:
        TypeError: if the method does not end in `**kwargs`.

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
        *own_parameters, last = signature.parameters.values()
        if last.kind is not last.VAR_KEYWORD:
            raise TypeError(f"{method.__qualname__} must end in **kwargs to extend {parent}.")
        parent_method = getattr(parent, method.__name__)
        parent_parameters = inspect.signature(parent_method).parameters
        inherited = [
            parameter
            if parameter.kind is parameter.VAR_KEYWORD
            else parameter.replace(kind=parameter.KEYWORD_ONLY)
            for name, parameter in parent_parameters.items()
            if name not in signature.parameters or parameter.kind is parameter.VAR_KEYWORD
        ]
        method.__signature__ = signature.replace(parameters=own_parameters + inherited)
        if method.__doc__ and parent_method.__doc__:
            method.__doc__ = _joined(method.__doc__, parent_method.__doc__, method.__signature__)
        return method

    return decorate


def _joined(doc: str, parent_doc: str, signature: inspect.Signature) -> str:
    """Return the docstring `doc` with the parent's errors and its other arguments added."""
    own_sections, parent_sections = sections_of(doc), sections_of(parent_doc)
    descriptions = entries_of(parent_sections.get("Args:", [])) | entries_of(
        own_sections.pop("Args:", [])
    )
    arguments = [line for name in signature.parameters for line in descriptions.get(name, [])]
    errors = own_sections.pop("Raises:", []) + parent_sections.get("Raises:", [])
    summary = own_sections.pop("")
    sections = {"Args:": arguments, "Raises:": errors} | own_sections
    parts = [summary, *([title, *lines] for title, lines in sections.items() if lines)]
    return "\n\n".join("\n".join(part) for part in parts)


def sections_of(doc: str) -> dict[str, list[str]]:
    """Map the title of each section of a docstring, such as `Args:`, to its lines.

    The text before the first section has the title `""`.
    """
    title = ""
    sections: dict[str, list[str]] = {title: []}
    for line in inspect.cleandoc(doc).splitlines():
        if re.fullmatch(r"[A-Z]\w*:|Differs from the paper:.*", line):
            title = line
            sections[title] = []
        else:
            sections[title].append(line)
    return {title: "\n".join(lines).rstrip("\n").split("\n") for title, lines in sections.items()}


def entries_of(lines: list[str]) -> dict[str, list[str]]:
    """Map the name of each argument to the lines that describe it."""
    name = ""
    entries: dict[str, list[str]] = {}
    for line in filter(None, lines):
        if re.match(" {4}\\S", line):
            name = line.split(":")[0].strip()
        entries.setdefault(name, []).append(line)
    return entries
