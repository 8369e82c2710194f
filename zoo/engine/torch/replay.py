"""`Replay`, the operations of a tape as one function."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

from zoo.engine.settings import PLAIN
from zoo.engine.torch.tape import Entry, Slot, Tape, mapped, slots_in


class Replay:
    """A function that does what a watched function did, without its Python.

    It reads and changes the same variables in place. Its operations are a Python program, whose
    text is `code`. `torch.fx` writes such programs too, but calls each operation by its full name
    and through a method in Python.

    Args:
        tape: a tape without a failure.
        outputs: what the watched function returned, with slots for tensors; see `of_outputs`.
    """

    def __init__(self, tape: Tape, outputs):
        self._makers = [make for _, make in tape.fed]
        self._outputs = outputs
        returned = list(slots_in(self._outputs))
        entries = _needed(tape.entries, returned)
        used = {*returned, *slots_in([(entry.args, entry.kwargs) for entry in entries])}
        fixed = {**tape.held, **tape.constants}
        fixed = {slot: tensor for slot, tensor in fixed.items() if slot in used}
        self._fixed = list(fixed.values())
        self._held = [tensor for slot, tensor in fixed.items() if slot in tape.held]
        self._devices = [tensor.device for tensor in self._held]
        given = [*tape.inputs, *(slot for slot, _ in tape.fed), *fixed]
        program = _Program(given, entries, returned)
        self.code = program.code
        self._run = program.compiled()

    def fits(self) -> bool:
        """Return whether the variables are still where they were, and nothing hooks on them."""
        return self._devices == [x.device for x in self._held] and not any(
            x._backward_hooks for x in self._held
        )

    def __call__(self, inputs: list[torch.Tensor]) -> Any:
        """Return the outputs for `inputs`, tensors of the shapes of the watched ones."""
        with torch.no_grad():  # the backward pass is on the tape
            fed = [make() for make in self._makers]
            results = iter(self._run(*inputs, *fed, *self._fixed))
        return mapped(lambda each: next(results) if type(each) is Slot else each, self._outputs)


def of_outputs(tape: Tape, outputs) -> Any:
    """Return what a watched function returned, with slots for tensors."""

    def of_leaf(leaf):
        if isinstance(leaf, torch.Tensor):
            return tape.slot(leaf)
        if not isinstance(leaf, PLAIN):
            tape.fail(f"it returns an object of type {type(leaf).__name__}")
        return leaf

    return mapped(of_leaf, outputs)


def _needed(entries: list[Entry], returned: list[Slot]) -> list[Entry]:
    """Return the entries that change something, or on whose results something depends."""
    needed, found = set(returned), []
    for entry in reversed(entries):
        if entry.kept or not needed.isdisjoint(entry.results):
            needed.update(slots_in((entry.args, entry.kwargs)))
            found.append(entry)
    return found[::-1]


class _Program:
    """The text of a Python function, one line for each operation.

    Args:
        given: the slots of its arguments.
        entries: the operations.
        returned: the slots of its results.
    """

    def __init__(self, given: list[Slot], entries: list[Entry], returned: list[Slot]):
        self._names: dict[str, Any] = {}  # what the text refers to
        self._functions: dict[Any, str] = {}
        last = {}  # the number of the last entry that uses a slot
        for number, entry in enumerate(entries):
            for slot in (*slots_in((entry.args, entry.kwargs)), *entry.results):
                last[slot] = number
        kept = {*given, *returned}
        lines = []
        for number, entry in enumerate(entries):
            lines.append(self._line(entry))
            used = dict.fromkeys((*slots_in((entry.args, entry.kwargs)), *entry.results))
            gone = [s for s in used if s is not None and s not in kept and last[s] == number]
            if gone:  # its memory is free for what follows
                lines.append(f"del {', '.join(map(_variable, gone))}")
        results = "".join(f"{_variable(slot)}, " for slot in returned)
        lines.append(f"return ({results})" if results else "return ()")
        self.code = f"def run({', '.join(map(_variable, given))}):\n" + "".join(
            f"    {line}\n" for line in lines
        )

    def compiled(self) -> Callable:
        """Return the function."""
        exec(compile(self.code, "<captured step>", "exec"), self._names)
        return self._names["run"]

    def _line(self, entry: Entry) -> str:
        """Return the line of an operation."""
        args = [self._text(each) for each in entry.args]
        args += [f"{key}={self._text(each)}" for key, each in entry.kwargs.items()]
        call = f"{self._function(entry.function)}({', '.join(args)})"
        if not entry.results:
            return call
        names = ["_" if slot is None else _variable(slot) for slot in entry.results]
        return f"{names[0] if entry.single else ', '.join(names) + ','} = {call}"

    def _function(self, function: Callable) -> str:
        """Return the name of a function."""
        if function not in self._functions:
            name = f"f{len(self._functions)}"
            if hasattr(function, "_op"):  # an operation of ATen
                name = str(function).replace(".", "_")
            self._functions[function] = name
            # Without the overload's own Python.
            self._names[name] = getattr(function, "_op", function)
        return self._functions[function]

    def _text(self, value) -> str:
        """Return the text of an argument."""
        if isinstance(value, Slot):
            return _variable(value)
        if type(value) in (int, bool, type(None)) or (
            type(value) is float and math.isfinite(value)
        ):
            return repr(value)
        if type(value) in (list, tuple):
            inner = "".join(f"{self._text(each)}, " for each in value)
            return f"[{inner}]" if isinstance(value, list) else f"({inner})"
        name = f"c{len(self._names)}"
        self._names[name] = value
        return name


def _variable(slot: Slot) -> str:
    return f"t{slot.number}"
