"""The space of classes."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from zoo.base.arrays import as_labels
from zoo.engine import scalars
from zoo.engine.spaces.base import Space, as_numpy
from zoo.errors import ArgumentError, check_count


class Classes(Space):
    """Classes 0 to `n` - 1, as integer labels of shape `(batch,)`.

    Args:
        n: the number of classes.
        names: the names of the classes, or `None` to use their numbers.
    """

    name = "classes"
    noun = "labels"
    needed = "integer labels"
    shape = ()
    dtype = "int32"

    def __init__(self, n: int, names: tuple[str, ...] | None = None):
        self.n = check_count("num_classes", n)
        if names is not None and len(names) != n:
            raise ArgumentError(f"names must name {n} classes. Received: {names!r}.")
        self.names = None if names is None else tuple(names)

    @property
    def bounds(self):
        return 0, self.n - 1

    def check(self, argument, values):
        """Raise unless `values` are integers of shape `(batch,)` or `(batch, 1)`."""
        values = np.asarray(values) if not hasattr(values, "dtype") else values
        if isinstance(values, np.ndarray):
            as_labels(argument, values)
        elif tuple(values.shape[1:]) not in ((), (1,)) or "int" not in (
            keras.backend.standardize_dtype(values.dtype)
        ):
            raise ArgumentError(
                f"{argument} must be integer labels of shape (batch,). Received: {values.dtype} of "
                f"shape {tuple(values.shape)}."
            )

    def check_values(self, argument, values, in_training=True):
        wrong = values[(values < 0) | (values >= self.n)]
        if len(wrong):
            raise ArgumentError(
                f"{argument} must lie in 0 to {self.n - 1}, for num_classes={self.n}"
                f"{f' ({self.text})' if self.has_names else ''}. Received: {wrong[0]}."
            )

    def checked(self, argument, values, rows=None, in_range=True):
        """Return `values`, integers of shape `(n,)` or `(n, 1)`, as int32 labels, or raise."""
        labels = as_labels(argument, as_numpy(argument, values, self.noun), rows)
        self.check_values(argument, labels)
        return labels.astype("int32")

    def tensor(self, values):
        return _flat(values)

    def cast(self, values):
        return scalars.clamp(_flat(values), 0, self.n - 1)

    def validity(self, values):
        labels = _flat(values)
        return ops.all(ops.logical_and(labels >= 0, labels < self.n))

    def example(self, n, seed=0):
        return np.arange(n, dtype="int32") % self.n

    def choose(self, labels, n: int | None, rng: np.random.Generator) -> np.ndarray:
        """Return the labels of `n` samples, for the argument `labels` of `sample`.

        Args:
            labels: an integer or the name of a class for each sample, one integer or name for all,
                `"all"` for equally many of each class in their order, or `None` for random
                classes. Upper and lower case of names count as equal.
            n: the number of samples; `None` means the number of labels, else 1.
            rng: the generator of random classes.

        Raises:
            ArgumentError: if `labels` has a wrong value or another length than `n`, or `n` is no
                multiple of the number of classes for `"all"`.
        """
        if isinstance(labels, str) and labels == "all":
            n = self.n if n is None else check_count("n", n)
            if n % self.n:
                raise ArgumentError(
                    f"n must be a multiple of num_classes={self.n} for labels='all'. Received: {n}."
                )
            return np.repeat(np.arange(self.n, dtype="int32"), n // self.n)
        if isinstance(labels, str):
            labels = self._number(labels)
        elif self.has_names and isinstance(labels, list | tuple | np.ndarray):
            labels = [self._number(x) if isinstance(x, str) else x for x in labels]
        if labels is None:
            n = 1 if n is None else check_count("n", n)
            return rng.integers(self.n, size=n, dtype="int32")
        if np.isscalar(labels) or getattr(labels, "ndim", None) == 0:
            n = 1 if n is None else check_count("n", n)
            return np.repeat(self.checked("labels", [labels]), n)
        return self.checked("labels", labels, None if n is None else check_count("n", n))

    def named(self, names: Sequence[str] | None) -> Classes:
        """Return these classes with `names`, if there are names for all of them."""
        known = names is not None and len(names) == self.n
        return Classes(self.n, tuple(names)) if known else self

    def _number(self, name: str) -> int:
        """Return the number of the class called `name`, or the number that is its text."""
        names = {text.casefold(): i for i, text in enumerate(self.names or ())}
        if name.casefold() in names:
            return names[name.casefold()]
        if name.isdecimal():
            return int(name)
        allowed = "integers, one integer, 'all' or None"
        if self.has_names:
            allowed = f"integers, names of classes ({self.text}), 'all' or None"
        raise ArgumentError(f"labels must be {allowed}. Received: {name!r}.")

    def from_stored(self, values):
        return self.checked("labels", values)

    def check_stored(self, argument, values):
        self.checked(argument, values)

    def stored_from_array(self, argument, values):
        return self.checked(argument, values)

    @property
    def has_names(self) -> bool:
        """Whether a class has a name that is not its number."""
        return self.texts != [str(i) for i in range(self.n)]

    @property
    def texts(self) -> list[str]:
        """The number of each class, followed by its name if it has one."""
        names = self.names or [str(i) for i in range(self.n)]
        return [name if name == str(i) else f"{i} {name}" for i, name in enumerate(names)]

    @property
    def text(self):
        return ", ".join(self.texts)


def _flat(values):
    """Return labels of shape `(n,)` or `(n, 1)` as an int32 tensor of shape `(n,)`."""
    # A backend may lack a type of NumPy's integers, such as uint64.
    values = values.astype("int64") if isinstance(values, np.ndarray) else values
    return ops.cast(ops.reshape(values, (-1,)), "int32")


def classes_or_none(num_classes: int | None) -> Classes | None:
    """Return the space of `num_classes` classes, or `None` for `None`."""
    return Classes(num_classes) if num_classes is not None else None
