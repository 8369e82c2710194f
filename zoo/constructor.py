"""Constructors that pass what they do not name on to their parent's."""

from __future__ import annotations

import inspect
from collections.abc import Callable


def extends(parent: type) -> Callable:
    """Decorates the constructor of a subclass of `parent` that passes its `**kwargs` on unchanged:
    its signature then names the parent's other arguments too, keyword-only.

    So help shows all arguments with their defaults, and a configuration holds them all. The call
    itself stays plain Python.

    Args:
        parent: the class whose constructor gets the `**kwargs`.

    Example:

    >>> import inspect
    >>> from zoo.constructor import extends
    >>> class Parent:
    ...     def __init__(self, size=1, color="red"): ...
    >>> class Child(Parent):
    ...     @extends(Parent)
    ...     def __init__(self, size=2, **kwargs):
    ...         super().__init__(size, **kwargs)
    >>> inspect.signature(Child)
    <Signature (size=2, *, color='red')>
    """

    def decorate(init):
        signature = inspect.signature(init)
        *own, rest = signature.parameters.values()
        if rest.kind is not rest.VAR_KEYWORD:
            raise TypeError(f"{init.__qualname__} must end in **kwargs to extend {parent}.")
        inherited = [
            parameter.replace(kind=parameter.KEYWORD_ONLY)
            for name, parameter in inspect.signature(parent.__init__).parameters.items()
            if name not in signature.parameters
        ]
        init.__signature__ = signature.replace(parameters=own + inherited)
        return init

    return decorate
