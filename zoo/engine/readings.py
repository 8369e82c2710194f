"""The logs of a training on an accelerator, which the host reads some steps at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

STEPS = 10  # the host waits for the device once in so many steps


class Readings:
    """The logs of the steps of one epoch.

    The host waits for the device whenever it reads a number. The logs of some steps therefore stay
    there, and are read together. Callbacks see the newest logs that were read.

    Attributes:
        broken: for each log that is not finite, the number, from 1, of the first step among those
            that were read with which it was so.
    """

    def __init__(self):
        self.restart()

    def restart(self) -> None:
        """Begin an epoch."""
        self.steps, self.broken = 0, {}
        self._rows, self._newest = [], {}

    def add(self, logs: dict[str, Any]) -> dict[str, float]:
        """Add the scalars that a step logs, and return the newest that were read."""
        self.steps += 1
        self._rows.append(ops.stack([ops.cast(value, "float32") for value in logs.values()]))
        if len(self._rows) == STEPS or not self._newest:
            self.read(logs)
        return self._newest

    def read(self, names=None) -> None:
        """Read the logs that are still on the device. `names` are theirs, by default as before."""
        if not self._rows:
            return
        names = list(self._newest if names is None else names)
        table = ops.convert_to_numpy(ops.stack(self._rows))
        steps = range(self.steps - len(self._rows) + 1, self.steps + 1)
        self._rows, self._newest = [], dict(zip(names, table[-1].tolist(), strict=True))
        broken = {}
        for step, finite in zip(steps, np.isfinite(table), strict=True):
            broken = {
                **{name: step for name, ok in zip(names, finite, strict=True) if not ok},
                **broken,
            }
        self.broken = {**broken, **self.broken}  # one assignment: callbacks of other threads look
