"""Methods that pass what they do not name on to their parent's."""

from __future__ import annotations

import inspect
from collections.abc import Callable


def extends(parent: type) -> Callable:
    """Decorates the constructor, or another method, of a subclass of `parent` that passes its
    `**kwargs` on unchanged: its signature then names the parent's other arguments too,
    keyword-only.

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
        passed_on = inspect.signature(getattr(parent, method.__name__)).parameters
        inherited = [
            p if p.kind is p.VAR_KEYWORD else p.replace(kind=p.KEYWORD_ONLY)
            for name, p in passed_on.items()
            if name not in signature.parameters or p.kind is p.VAR_KEYWORD
        ]
        method.__signature__ = signature.replace(parameters=own + inherited)
        return method

    return decorate
