"""`Tape`, which writes down the operations of a step while PyTorch runs it.

A tape only watches: the step computes what it would compute without it. Operations are those of
PyTorch's core, ATen, below automatic differentiation, so that those of the backward pass are on the
tape as well. What a replay of the tape could not repeat makes the tape useless, and it says why.
"""

from __future__ import annotations

import contextlib
import contextvars
import dataclasses
import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

# Ways by which a program gets numbers out of a tensor. Python may decide by them.
READS = {
    getattr(torch.Tensor, name)
    for name in (
        *("item", "tolist", "numpy", "__array__", "__contains__"),
        *("__bool__", "__int__", "__float__", "__index__", "__complex__"),
    )
}
# Functions that read numbers only to check them. They are one operation, whose results have no
# gradient.
CHECKED = {torch.nn.functional.one_hot}
FOLDED = 4096  # the most elements of a constant; larger ones are computed anew in each replay
_present: contextvars.ContextVar[Tape | None] = contextvars.ContextVar("tape", default=None)


@dataclasses.dataclass(frozen=True, slots=True)
class Slot:
    """The place of a tensor in a tape."""

    number: int


class Entry(NamedTuple):
    """One operation.

    Attributes:
        function: what is called.
        args: its positional arguments, with slots for tensors.
        kwargs: its other arguments.
        results: the slots of the tensors that it returns, `None` for what is none.
        single: whether it returns one tensor, and no list of them.
        kept: whether it does more than to return something.
    """

    function: Callable
    args: tuple
    kwargs: dict[str, Any]
    results: tuple[Slot | None, ...]
    single: bool
    kept: bool


class Tape:
    """The operations of one run of a function.

    Attributes:
        failure: the reason why the tape cannot be replayed, or `None`.
        entries: the operations, in their order.
        inputs: the slots of the tensors that the function was given.
        fed: for each tensor that the host makes anew in each replay, its slot and the function that
            makes it.
        held: the weights and states of variables that were read or changed, by slot.
        constants: tensors that are the same in each replay, by slot.
    """

    def __init__(self, inputs: list[torch.Tensor]):
        self.failure: str | None = None
        self.entries: list[Entry] = []
        self.fed: list[tuple[Slot, Callable]] = []
        self.held: dict[Slot, torch.Tensor] = {}
        self.constants: dict[Slot, torch.Tensor] = {}
        self._slots: dict[int, Slot] = {}  # of tensors that live as long as the tape, by id
        self._living: list[torch.Tensor] = []
        self._count = 0
        self.inputs = [self._name(tensor) for tensor in inputs]

    @contextlib.contextmanager
    def watch(self) -> Iterator[None]:
        """Write down what this thread computes within the block."""
        token = _present.set(self)
        try:
            with _Reads(self), _Operations(self):
                yield
        finally:
            _present.reset(token)

    def fail(self, reason: str) -> None:
        """Say why the tape cannot be replayed. The first reason counts."""
        self.failure = self.failure or reason

    def feed(self, tensor: torch.Tensor, make: Callable) -> None:
        """Let `tensor` be made anew by `make` in each replay."""
        self.fed.append((self._name(tensor), make))

    def slot(self, tensor: torch.Tensor) -> Slot:
        """Return the slot of a tensor; a variable's gets one when it is met first."""
        own = self._slot_of_result(tensor)
        slot = self._slots.get(id(tensor)) if own is None else own
        if slot is not None:
            return slot
        if not isinstance(tensor, torch.nn.Parameter):  # as which Keras holds all variables
            self.fail("it reads a tensor that is neither given to it nor the value of a variable")
        slot = self._name(tensor)
        self.held[slot] = tensor
        return slot

    def write(self, function: Callable, args: tuple, kwargs: dict, results) -> None:
        """Write down a call with its results."""
        schema = getattr(function, "_schema", None)
        changes = schema is None or schema.is_mutable
        tags = getattr(function, "tags", ())
        if torch.Tag.data_dependent_output in tags and all(map(self.is_constant, args)):
            return  # the number of a constant
        if torch.Tag.data_dependent_output in tags or torch.Tag.dynamic_output_shape in tags:
            self.fail(f"numbers decide about the result of {function}")
            return
        single = not isinstance(results, tuple | list)
        tensors = [] if results is None else [results] if single else list(results)
        if any(not (each is None or isinstance(each, torch.Tensor)) for each in tensors):
            self.fail(f"{function} returns what is no tensor")
            return
        args, kwargs = mapped(self._with_slot, args), mapped(self._with_slot, kwargs)
        if not changes and self._gives_constants(function, (args, kwargs), tensors):
            for tensor in tensors:
                slot = self._mark(tensor)
                self.constants[slot] = tensor
            return
        if changes and any(slot in self.constants for slot in slots_in(_changed(function, args))):
            self.fail("it changes a constant in place")
        slots = tuple(None if each is None else self._result(each) for each in tensors)
        random = torch.Tag.nondeterministic_seeded in tags
        self.entries.append(Entry(function, args, kwargs, slots, single, changes or random))

    def close(self) -> None:
        """Let go of the tensors that the function was given, and of the way from constants back."""
        self._living.clear()
        self._slots.clear()
        for constant in self.constants.values():
            vars(constant).pop("_of_tape", None)

    def equals(self, other: Tape) -> bool:
        """Return whether both tapes are of runs that did the same."""
        return (
            self.entries == other.entries
            and [slot for slot, _ in self.fed] == [slot for slot, _ in other.fed]
            and _equal(self.held, other.held, lambda one, two: one is two)
            and _equal(self.constants, other.constants, _same_numbers)
        )

    def alias(self, tensor: torch.Tensor, same: torch.Tensor) -> None:
        """Say that `tensor` holds the numbers of `same` in the same memory."""
        tensor._of_tape = self, self.slot(same)

    def is_constant(self, value) -> bool:
        """Return whether an argument is the same in each replay."""
        return not isinstance(value, torch.Tensor) or self._slot_of_result(value) in self.constants

    def _gives_constants(self, function, arguments, results: list) -> bool:
        """Return whether a call returns the same numbers in each replay."""
        if torch.Tag.nondeterministic_seeded in getattr(function, "tags", ()):
            return False
        if function in _UNSET or any(each is None for each in results):
            return False
        small = all(each.numel() <= FOLDED for each in results)
        return small and all(slot in self.constants for slot in slots_in(arguments))

    def _name(self, tensor: torch.Tensor) -> Slot:
        """Give a slot to a tensor that the tape keeps."""
        self._count += 1
        slot = self._slots[id(tensor)] = Slot(self._count)
        self._living.append(tensor)
        return slot

    def _mark(self, tensor: torch.Tensor) -> Slot:
        """Give a slot to a result, which the tape does not keep."""
        self._count += 1
        tensor._of_tape = self, Slot(self._count)
        return Slot(self._count)

    def _result(self, tensor: torch.Tensor) -> Slot:
        own = self._slot_of_result(tensor)
        slot = self._slots.get(id(tensor)) if own is None else own
        return self._mark(tensor) if slot is None else slot

    def _slot_of_result(self, tensor: torch.Tensor) -> Slot | None:
        tape, slot = getattr(tensor, "_of_tape", (None, None))
        return slot if tape is self else None

    def _with_slot(self, value):
        """Return an argument, or the slot of a tensor."""
        if isinstance(value, torch.Tensor):
            return self.slot(value)
        if isinstance(value, torch.Generator):
            self.fail("it draws random numbers from a seed of its own")
        # One object for all, since no other NaN equals itself.
        return math.nan if type(value) is float and math.isnan(value) else value


# Operations whose results are not set yet.
_UNSET = {
    *(torch.ops.aten.empty.memory_format, torch.ops.aten.empty_strided.default),
    *(torch.ops.aten.empty_like.default, torch.ops.aten.new_empty.default),
    torch.ops.aten.new_empty_strided.default,
}


def slots_in(value) -> list[Slot]:
    """Return the slots in a structure of arguments or results."""
    found: list[Slot] = []
    mapped(lambda each: found.append(each) if isinstance(each, Slot) else None, value)
    return found


def mapped(change: Callable, value):
    """Return a structure of dicts, lists and tuples with `change` of each leaf."""
    if type(value) is dict:
        return {key: mapped(change, each) for key, each in value.items()}
    if type(value) in (tuple, list):
        return type(value)(mapped(change, each) for each in value)
    return change(value)


def _changed(function, args: tuple) -> list:
    """Return the positional arguments that an operation of ATen changes."""
    schema = getattr(function, "_schema", None)
    if schema is None:
        return []
    pairs = zip(args, schema.arguments, strict=False)
    return [each for each, named in pairs if named.alias_info and named.alias_info.is_write]


def _equal(one: dict, two: dict, same: Callable) -> bool:
    """Return whether two dicts have equal keys, and values for which `same` holds."""
    return one.keys() == two.keys() and all(same(value, two[key]) for key, value in one.items())


def _same_numbers(one: torch.Tensor, two: torch.Tensor) -> bool:
    if (one.dtype, one.shape, one.stride()) != (two.dtype, two.shape, two.stride()):
        return False
    if not one.is_floating_point():
        return torch.equal(one, two)
    return torch.allclose(one, two, rtol=0.0, atol=0.0, equal_nan=True)


class _Operations(TorchDispatchMode):
    """The context in which a tape sees the operations of ATen."""

    def __init__(self, tape: Tape):
        super().__init__()
        self.tape = tape

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        results = func(*args, **(kwargs or {}))
        if self.tape.failure is None:
            if func is torch.ops.aten.detach.default:
                self.tape.alias(results, args[0])
            elif func is torch.ops.aten.lift_fresh.default:  # numbers of Python or NumPy
                self.tape.constants[self.tape._mark(results)] = results
            else:
                self.tape.write(func, args, kwargs or {}, results)
        return results


class _Reads(TorchFunctionMode):
    """The context in which a tape sees that numbers are read."""

    def __init__(self, tape: Tape):
        super().__init__()
        self.tape = tape

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func in CHECKED:
            with unwatched():
                results = func(*args, **(kwargs or {}))
            if self.tape.failure is None:
                self.tape.write(func, args, kwargs or {}, results)
            return results
        if func in READS and not self.tape.is_constant(args[0]):
            name = getattr(func, "__name__", str(func))
            self.tape.fail(f"it reads the numbers of a tensor ({name})")
        return func(*args, **(kwargs or {}))


# What a step may say to the tape that watches it


@contextlib.contextmanager
def unwatched() -> Iterator[Tape | None]:
    """Compute without the tape that watches, within the block, and yield it if there is one."""
    tape = _present.get()
    if tape is None:
        yield None
        return
    token = _present.set(None)
    try:
        with torch.utils._python_dispatch._disable_current_modes(), torch._C.DisableTorchFunction():
            yield tape
    finally:
        _present.reset(token)


def fed(make: Callable[[], torch.Tensor]) -> torch.Tensor:
    """Return the tensor that `make` makes on the host, such as one of random numbers.

    A replay calls `make` again. All such calls come before the operations of the tape.
    """
    with unwatched() as tape:
        tensor = make()
    if tape is not None:
        tape.feed(tensor, make)
    return tensor


def as_one(function: Callable, *args) -> None:
    """Call `function`, which changes tensors in `args` in place and may read others, as one
    operation."""
    with unwatched() as tape:
        function(*args)
    if tape is not None and tape.failure is None:
        tape.write(function, args, {}, None)
