"""Texture and style: images that are optimised, by the features of a frozen network.

Nothing is trained here. Images are arrays of shape `(n, height, width, channels)` in [0, 1].
"""

from zoo.engine.relative import relative_error
from zoo.style.losses import gram, total_variation
from zoo.style.synthesis import Synthesized
from zoo.style.texture import TextureSynthesis
from zoo.style.transfer import StyleTransfer

__all__ = [
    "StyleTransfer",
    "Synthesized",
    "TextureSynthesis",
    "gram",
    "relative_error",
    "total_variation",
]
