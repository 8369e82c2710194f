"""`Shared`, the mixin by which several threads use one model."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator

from zoo.base.turns import Turns
from zoo.engine.forks import check_can_compute
from zoo.engine.readings import Readings
from zoo.errors import BusyError

WAIT = 0.05  # seconds between two looks at what the other thread does


class Shared:
    """A mixin of `Model` that lets one thread train a model and others sample from it.

    A step of training holds the model, and so does a call of `sample` and of every other method
    that computes outputs: it sees the weights of one whole step. Training is in one thread at a
    time, see `alone`.
    """

    def share(self) -> None:
        """Make the locks of a new model."""
        # Not as attributes of Keras, which would count them as a part of the model.
        vars(self)["_turns"], vars(self)["_calls"] = Turns(), threading.RLock()
        vars(self)["readings"] = Readings()

    def begin_epoch(self) -> None:
        """Note that an epoch of `fit` begins."""
        self.readings.restart()

    @property
    def turns(self) -> contextlib.AbstractContextManager:
        """The lock of the model's state.

        `with model.turns:` keeps other threads from the model, for what reads its weights while
        another thread trains it.
        """
        return vars(self)["_turns"]

    def make_train_function(self, force: bool = False):
        super().make_train_function(force)
        self._take_turns("train")

    def make_test_function(self, force: bool = False):
        super().make_test_function(force)
        self._take_turns("test")

    def make_predict_function(self, force: bool = False):
        super().make_predict_function(force)
        self._take_turns("predict")

    def _take_turns(self, kind: str) -> None:
        """Let the function of Keras for steps of this kind hold the model."""
        name = f"{kind}_function"
        function = getattr(self, name)
        if not hasattr(function, "in_turn_of"):
            step = self.in_turn(function, kind)
            step.in_turn_of = function
            setattr(self, name, step)

    @contextlib.contextmanager
    def _one_thread(self, method: str) -> Iterator[None]:
        """Wait for the calls of other threads, but raise while one of them trains the model."""
        calls = vars(self)["_calls"]
        while not calls.acquire(timeout=WAIT):
            if vars(self).get("_fitting"):
                raise BusyError(
                    f"{type(self).__name__} is trained by another thread, and {method} has to wait "
                    "until fit has ended. Allowed beside it: sample and the other methods of "
                    f"{', '.join(self.tasks) or 'its tasks'}, save and zoo.save."
                )
        try:
            yield
        finally:
            calls.release()


def alone(method: Callable) -> Callable:
    """Return `method` of a `Shared` model, which one thread at a time runs.

    It keeps state of its own in the model, as Keras's trainers do. A second thread waits, or gets a
    `BusyError` if the first one is in `fit`.
    """

    @functools.wraps(method)
    def call(self, *args, **kwargs):
        check_can_compute()
        with self._one_thread(method.__name__):
            return method(self, *args, **kwargs)

    return call
