"""The device of a process, which its environment chooses before a backend starts."""

from __future__ import annotations

import os
import re

from zoo.errors import ArgumentError

CHOSEN = "ZOO_DEVICE"  # in a process that was started for `--device`, its value
ALLOWED = "'cpu', 'gpu' or 'gpu:N', such as 'gpu:1'"


def check_device(device: str) -> str:
    """Return `device`, or raise an `ArgumentError` unless it is one of `ALLOWED`."""
    if not re.fullmatch(r"cpu|gpu(:\d+)?", device):
        raise ArgumentError(f"--device takes {ALLOWED}. Received: {device!r}.")
    return device


def variables(device: str) -> dict[str, str | None]:
    """Return the environment variables with which each backend computes on `device`.

    A variable of value `None` must not be set. Where CUDA_VISIBLE_DEVICES hides GPUs already,
    numbers count those that it shows.

    Raises:
        ArgumentError: if `device` is none, or a GPU that CUDA_VISIBLE_DEVICES hides.
    """
    if check_device(device) == "cpu":
        return {"CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu", "KERAS_TORCH_DEVICE": "cpu"}
    of_gpus: dict[str, str | None] = {"JAX_PLATFORMS": None, "KERAS_TORCH_DEVICE": None}
    _, _, number = device.partition(":")
    if number:
        shown = os.environ.get("CUDA_VISIBLE_DEVICES")
        names = None if shown is None else [name for name in shown.split(",") if name]
        if names is not None and int(number) >= len(names):
            raise ArgumentError(
                f"--device must be a GPU that CUDA_VISIBLE_DEVICES={shown!r} shows. Received: "
                f"{device!r}."
            )
        of_gpus["CUDA_VISIBLE_DEVICES"] = number if names is None else names[int(number)]
    return of_gpus


def environment(device: str) -> dict[str, str]:
    """Return the environment of a new process that computes on `device`."""
    merged = {**os.environ, **variables(device)}
    return {key: value for key, value in merged.items() if value is not None}


def share_memory() -> None:
    """Let TensorFlow take the memory of a GPU as it needs it, and not all of it at its start.

    The user's own choice stays. It has no effect once TensorFlow has used a GPU.
    """
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
