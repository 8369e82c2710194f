"""`Signed`, the mixin for the signature of a model: its spaces and its tasks."""

from __future__ import annotations

from typing import Any

from zoo.engine import spaces
from zoo.engine.tasks import tasks_of
from zoo.errors import ArgumentError

Range = tuple[float, float]


class Signed:
    """A mixin of `Model` for the spaces of its data, condition and noise, and for its tasks."""

    condition: spaces.Space | None = None
    noise: spaces.NoiseSpace | None = None

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("data", "image_shape"):
            self.check_fixed(name, value)
            # Past Keras, which on TensorFlow reads an attribute before it is set.
            object.__setattr__(self, name, value)
        else:
            super().__setattr__(name, value)

    @property
    def data(self) -> spaces.Space:
        """The space of the data."""
        space = vars(self).get("_data")
        if space is None:
            raise ArgumentError(
                f"{type(self).__name__} states no data: its constructor must set self.data, such "
                "as zoo.engine.spaces.Images(28, 28, 1, (-1, 1))."
            )
        return space

    @data.setter
    def data(self, space: spaces.Space) -> None:
        vars(self)["_data"] = spaces.Space.get(space)

    @property
    def tasks(self) -> tuple[str, ...]:
        """The names of the model's tasks, see `zoo.engine.tasks`."""
        return tasks_of(type(self))

    @property
    def image_shape(self) -> tuple[int, ...]:
        """The shape of one datum: `(height, width, channels)`, or `(features,)` for points."""
        return self.data.shape

    @image_shape.setter
    def image_shape(self, shape: tuple[int, ...]) -> None:
        # A class with an attribute `value_range` may set the shape of its data alone.
        value_range = vars(type(self)).get("value_range")
        self.data = spaces.of_shape(tuple(shape), value_range if value_range else None)

    @property
    def value_range(self) -> Range | None:
        """The range of the data, or `None` for any value."""
        return self.data.range

    @property
    def num_classes(self) -> int | None:
        """The number of classes, or `None` if the condition is no class."""
        return self.condition.n if isinstance(self.condition, spaces.Classes) else None

    @num_classes.setter
    def num_classes(self, n: int | None) -> None:
        self.condition = None if n is None else spaces.Classes(n)

    def data_and_condition(self, x, y) -> tuple[Any, Any]:
        """Return the data and the condition among the arguments `x` and `y` of `fit`.

        A model that translates takes the condition first.
        """
        return (y, x) if "translates" in self.tasks else (x, y)

    def unpaired(self, inputs) -> tuple:
        """Split the inputs of `call` into data or noise, and the condition.

        The condition is `None` if the model has none.
        """
        if self.condition is None:
            return inputs, None
        if not isinstance(inputs, list | tuple) or len(inputs) != 2:
            raise ArgumentError(
                f"{type(self).__name__} is conditional: it is called with two inputs, the second "
                f"of which are {self.condition.noun}."
            )
        return tuple(inputs)

    def call_signature(self) -> list:
        """Return the specification of the inputs of `call`, for `export` and `predict`.

        By default they are data, and conditions if the model has any. A model that translates takes
        conditions alone.
        """
        if "translates" in self.tasks:
            return [self.condition.spec()]
        return self.signature_of(self.data)

    def signature_of(self, space: spaces.Space) -> list:
        """Return the specification of a batch of `space`, and of conditions if the model has
        any."""
        if self.condition is None:
            return [space.spec()]
        return [[space.spec(), self.condition.spec()]]
