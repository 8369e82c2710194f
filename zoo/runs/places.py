"""The names of the files and folders in the folder of a run."""

from __future__ import annotations

CHECKPOINTS, SAMPLES, PRESET = "checkpoints", "samples", "preset"
PICTURES = "epoch-[0-9]*.png"  # in SAMPLES
HISTORY, DRAWN_HISTORY, NEIGHBOURS = "history.csv", "history.png", "neighbours.png"
