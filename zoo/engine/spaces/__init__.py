"""Spaces: the sets of values of a model's data, condition and noise."""

from zoo.engine.spaces.base import Space
from zoo.engine.spaces.binary import BinaryMeans
from zoo.engine.spaces.classes import Classes, classes_or_none
from zoo.engine.spaces.data import (
    BinaryImages,
    BinaryVectors,
    Frames,
    Images,
    Points,
    check_range,
    of_image_shape,
    of_shape,
)
from zoo.engine.spaces.levels import LevelImages
from zoo.engine.spaces.noise import Draws, Noise, NoiseSpace, Normal, Uniform, check_noise

__all__ = [
    "BinaryImages",
    "BinaryMeans",
    "BinaryVectors",
    "Classes",
    "Draws",
    "Frames",
    "Images",
    "LevelImages",
    "Noise",
    "NoiseSpace",
    "Normal",
    "Points",
    "Space",
    "Uniform",
    "check_noise",
    "check_range",
    "classes_or_none",
    "of_image_shape",
    "of_shape",
]
