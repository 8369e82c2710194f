"""`Captured`, a function that is watched twice and then replayed."""

from __future__ import annotations

import collections
import pickle
import random
from collections.abc import Callable, Hashable
from typing import Any

import keras
import numpy as np
import torch

from zoo.base.named import Named
from zoo.base.warn import warn
from zoo.engine import parallel, scalars
from zoo.engine.attached import HOOKS
from zoo.engine.settings import OF_TRAINING, PLAIN
from zoo.engine.torch.replay import Replay, of_outputs
from zoo.engine.torch.tape import Tape, mapped
from zoo.errors import ArgumentError

KEPT = 8  # the replays of so many signatures are kept, and the tapes of as many others
WATCHED = 4  # a function is watched at most so often for one signature


class Captured:
    """A function of tensors, such as a step, without its Python from the fourth call on.

    The first call builds what is built late. The next two are watched (`zoo.engine.torch.tape`). If
    both did the same, further calls replay it, with the random numbers, weights and rates of their
    own. Tensors of other shapes are another signature, which is watched anew. A function that
    cannot be replayed runs as before, and `told` is called once with the reason.

    Args:
        function: the function. Its arguments and results are structures of tensors.
        model: the model whose layers it calls.
        settings: a function that returns what Python decides by. After a change the function is
            watched anew.
        told: a function of the reason why calls are not replayed.
    """

    def __init__(
        self,
        function: Callable,
        model: keras.Model,
        settings: Callable[[], Any],
        told: Callable[[str], None],
    ):
        self.function, self.model, self.settings, self.told = function, model, settings, told
        self.failure: str | None = None
        self.replays: collections.OrderedDict[Hashable, Replay] = collections.OrderedDict()
        self._called = False
        self._seen: Any = None
        self._tapes: collections.OrderedDict[Hashable, list] = collections.OrderedDict()

    def __call__(self, *args):
        if self.failure is not None or self._is_watched_already():
            return self.function(*args)
        args = mapped(_sent, args)
        tensors: list[torch.Tensor] = []
        others: list[Any] = []
        mapped(lambda x: (tensors if isinstance(x, torch.Tensor) else others).append(x), args)
        if not all(isinstance(each, PLAIN) for each in others):
            return self.function(*args)
        settings = self.settings()
        if settings != self._seen:
            self._seen = settings
            self.replays.clear()
            self._tapes.clear()
        signature = self._signature(args, tensors, others)
        replay = self.replays.get(signature)
        if replay is not None and replay.fits():
            self.replays.move_to_end(signature)
            return replay(tensors)
        if not self._called:
            results = self.function(*args)
            self._called = True
            return results
        return self._watch(signature, args, tensors)

    def _is_watched_already(self) -> bool:
        """Return whether something else watches PyTorch, or changes what it does."""
        return bool(torch._C._len_torch_dispatch_stack() or torch._C._len_torch_function_stack())

    def _signature(self, args, tensors: list, others: list) -> Hashable:
        """Return what decides, beside the settings, about the operations of a call."""
        shapes = tuple((x.shape, x.stride(), x.dtype, x.device) for x in tensors)
        structure = str(mapped(_kind, args)) if len(tensors) > 1 else None
        mode = self.model.training, torch.is_autocast_enabled("cpu")
        return shapes, structure, tuple(others), mode

    def _watch(self, signature: Hashable, args, tensors: list):
        """Call the function with a tape, and make a replay if it did the same as before."""
        reason = _unseen(self.model)
        if reason is not None:
            self._fail(reason)
            return self.function(*args)
        before = _python_state(self.model)
        tape = Tape(tensors)
        with tape.watch():
            results = self.function(*args)
        outputs = of_outputs(tape, results)
        if tape.failure is not None:
            self._fail(tape.failure)
            return results
        tape.close()
        tapes = self._tapes.setdefault(signature, [])
        tapes.append((tape, outputs))
        if len(self._tapes) > KEPT:
            self._tapes.popitem(last=False)
        changed = _difference(before, _python_state(self.model))
        if changed is None and len(tapes) > 1:
            changed = _other(tapes[-2], tapes[-1])
            if changed is None:
                self._keep(signature, Replay(tape, outputs))
        if changed is not None and len(tapes) == WATCHED:
            self._fail(changed)
        return results

    def _keep(self, signature: Hashable, replay: Replay) -> None:
        del self._tapes[signature]
        self.replays[signature] = replay
        if len(self.replays) > KEPT:
            self.replays.popitem(last=False)

    def _fail(self, reason: str) -> None:
        self.failure = reason
        self.replays.clear()
        self._tapes.clear()
        self.told(reason)


def _sent(leaf):
    """Return an array of NumPy as a tensor, and anything else unchanged."""
    return scalars.sent(leaf) if isinstance(leaf, np.ndarray) else leaf


def _kind(leaf) -> int:
    return int(isinstance(leaf, torch.Tensor))


def captured(
    function: Callable,
    model: keras.Model,
    title: str,
    settings: Callable[[], Any] = tuple,
    demands: bool = True,
) -> Callable:
    """Return `function`, captured as the argument `jit_compile` of `compile` of `model` says.

    A model that is not compiled, or with `"auto"`, captures in one process on a CPU, and warns
    where it cannot.

    Args:
        function: see `Captured`, also for `settings`.
        model: the model.
        title: what the function is, for messages.
        demands: whether `jit_compile=True` makes it an error that it cannot be captured.
    """
    arguments = vars(model).get("_compile_arguments") or {}
    wish = arguments.get("jit_compile", "auto")
    alone_on_cpu = keras.ops.empty(()).device.type == "cpu" and parallel.replicas() == 1
    if not wish or arguments.get("run_eagerly") or (wish == "auto" and not alone_on_cpu):
        return function

    told = vars(model).setdefault("_told_of_captures", set())

    def tell(reason: str) -> None:
        if demands and wish is True:
            raise ArgumentError(
                f"jit_compile must be False or 'auto', since the {title} cannot be captured: "
                f"{reason}. Received: True."
            )
        if title not in told:
            told.add(title)
            warn(f"The {title} is not captured, since {reason}. It runs as PyTorch runs it.")

    return Captured(function, model, settings, tell)


def _unseen(model: keras.Model) -> str | None:
    """Return what a tape of `model` could not see, or `None`."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return "several processes train"
    for layer in model._flatten_layers():
        if any(getattr(layer, name, None) for name in HOOKS):
            return f"the layer {layer.name} has a hook"
        if isinstance(layer, keras.layers.TorchModuleWrapper):
            return f"the layer {layer.name} is a module of PyTorch, which may change by itself"
    hooked = next((v for v in model.variables if v.value._backward_hooks), None)
    return None if hooked is None else f"the weight {hooked.path} has a hook"


def _python_state(model: keras.Model) -> dict[str, Any]:
    """Return the plain attributes of the layers of `model` and of what it is compiled with, and the
    state of Python's and NumPy's random numbers.

    Attributes that `fit` changes are left out: another thread may be in it.
    """
    layers = model._flatten_layers()
    owners = {layer.name: layer for layer in layers if layer is not model}
    owners |= {name: part for name, part in vars(model).items() if isinstance(part, Named)}
    state = {
        f"the attribute {name} of {owner}": value
        for owner, each in {"the model": model, **owners}.items()
        for name, value in vars(each).items()
        if name not in OF_TRAINING and isinstance(value, PLAIN)
    }
    return {
        **state,
        "the random numbers of Python": random.getstate(),
        "the random numbers of NumPy": pickle.dumps(np.random.get_state(legacy=False)),
    }


def _difference(before: dict[str, Any], after: dict[str, Any]) -> str | None:
    """Return what a call has changed in Python, which a replay would not change, or `None`."""
    for name, value in after.items():
        if name not in before or before[name] != value:
            return f"it changes {name}"
    return None


def _other(first: tuple[Tape, Any], second: tuple[Tape, Any]) -> str | None:
    """Return the reason why two tapes are not of equal calls, or `None`."""
    if first[1] == second[1] and first[0].equals(second[0]):
        return None
    return "two calls of it did not do the same"
