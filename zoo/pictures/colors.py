"""The colours of pictures that are drawn."""

from __future__ import annotations

import numpy as np

PAPER = np.array([255, 255, 255], dtype="float32")
SHADE = np.array([120, 170, 225], dtype="float32")  # the colour of the densest place
INK = np.array([190, 50, 10], dtype="float32")  # the colour of samples
