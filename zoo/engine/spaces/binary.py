"""The space of binary images whose means are outputs and inputs as well."""

from __future__ import annotations

from zoo.engine.spaces.data import BinaryImages, Images


class BinaryMeans(BinaryImages):
    """Images that are trained on with pixels 0 and 1 alone.

    Outputs, and other inputs, may lie between: they are means of pixels, their probabilities.

    Args:
        height: the number of rows.
        width: the number of columns.
        channels: the number of channels.
    """

    def check_values(self, argument, values, in_training=True):
        check = super().check_values if in_training else super(BinaryImages, self).check_values
        check(argument, values, in_training)

    def from_stored(self, values):
        return Images.from_stored(self, values)

    def stored_here(self, values):
        return values

    @property
    def compared_as(self):
        return self.stored_as
