"""Processes of one command, which divide numbered parts of its work among them."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import types
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from zoo.base import devices
from zoo.errors import ArgumentError

PLACE = "ZOO_PROCESS"  # in a process that `divided` has started: its index and the number of them
FOLDER = "ZOO_WORK"  # the folder that these processes share
COUNTED = "from zoo import engine; print(engine.accelerators())"
# The variables by which the frameworks take a number of threads.
THREADS = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")


def devices_or_auto(context, parameter, value: str | None) -> int | str | None:
    """Return the value of `--distribute`: a number of devices, `"auto"` or `None`."""
    if value is None or value == "auto":
        return value
    if not value.isdecimal() or int(value) < 1:
        raise ArgumentError(
            f"--distribute takes 'auto' or a number of devices. Received: {value!r}."
        )
    return int(value)


distribute_option = click.option(
    "--distribute",
    metavar="N|auto",
    callback=devices_or_auto,
    help="Share the work among N processes, each with a GPU of its own if there are GPUs, or "
    "among as many as there are GPUs. Processes that torchrun, TF_CONFIG or "
    "KERAS_DISTRIBUTION_NUM_PROCESSES name share it without this option.",
)


def divided(
    count: int | str | None, variables: Mapping[str, str] = types.MappingProxyType({})
) -> tuple[int, int]:
    """Return `(index, count)` of this process among those that share the work.

    Where several are wanted and none are started yet, it starts them, and waits until they have
    done their parts. This process is then alone, and finds all parts done.

    Args:
        count: the value of `--distribute`.
        variables: more environment variables of the processes.

    Raises:
        ArgumentError: if there are fewer GPUs, or a launcher has started another number.
    """
    from zoo import engine

    if PLACE in os.environ:
        index, _, started = os.environ[PLACE].partition("/")
        return int(index), int(started)
    index, started = engine.started()
    if started > 1:
        if count not in (None, "auto", started):
            raise ArgumentError(
                f"--distribute must be the number of processes that were started, {started}. "
                f"Received: {count}."
            )
        return index, started
    if count in (None, 1):
        return 0, 1
    gpus = _gpus()
    if count == "auto":
        count = gpus or 1
    if gpus and count > gpus:
        raise ArgumentError(
            f"--distribute must be at most the number of GPUs, {gpus}. Received: {count}."
        )
    if count > 1:
        _together(count, gpus > 0, variables)
    return 0, 1


@contextlib.contextmanager
def sharing(
    count: int | str | None, folder: Path | None
) -> Iterator[tuple[tuple[int, int], Path | None]]:
    """Yield the `(index, count)` of `divided`, and the folder that the processes share.

    Processes of this machine share a temporary one where `folder` is `None`.
    """
    if folder is None and FOLDER in os.environ:
        folder = Path(os.environ[FOLDER])
    if folder is not None or count is None:
        yield divided(count), folder
        return
    with tempfile.TemporaryDirectory(prefix="zoo-") as temporary:
        yield divided(count, {FOLDER: temporary}), Path(temporary)


def this_program() -> list[str]:
    """Return the arguments for Python that run this program again."""
    spec = sys.modules["__main__"].__spec__
    if spec is None:
        program = [sys.argv[0]]
    elif spec.name == "__main__":  # in an archive: the zoo.exe that is installed on Windows
        program = ["-m", "keras_generative_zoo"]
    else:
        program = ["-m", spec.name.removesuffix(".__main__")]
    return program + sys.argv[1:]


def _gpus() -> int:
    """Return the number of GPUs.

    Another process counts them, since one that has seen GPUs keeps memory of them.
    """
    counted = subprocess.run(
        [sys.executable, "-c", COUNTED], capture_output=True, text=True, check=False
    )
    if counted.returncode:
        raise ArgumentError(
            f"--distribute cannot count the devices here: {counted.stderr.strip()[-300:]}"
        )
    return int(counted.stdout.split()[-1])


def _together(count: int, on_gpus: bool, variables: Mapping[str, str]) -> None:
    """Run this program in `count` processes, of which only errors and a bar of progress are seen.

    If one fails, the others are ended, and this program ends too. The same command goes on from the
    parts that are done.
    """
    sys.stdout.flush()
    processes = [
        subprocess.Popen(
            [sys.executable, *this_program()],
            env={**_environment(index, count, on_gpus), **variables},
            stdout=subprocess.DEVNULL,
        )
        for index in range(count)
    ]
    running = list(processes)
    try:
        while running:
            for process in running:
                try:
                    code = process.wait(timeout=0.1)
                except subprocess.TimeoutExpired:
                    continue
                running.remove(process)
                if code:  # its error is printed
                    sys.exit(code if code > 0 else 128 - code)
                break
    finally:  # also after Ctrl-C
        for process in running:
            process.terminate()
        for process in running:
            process.wait()


def _environment(index: int, count: int, on_gpus: bool) -> dict[str, str]:
    """Return the environment of a process, which has a GPU or a part of the cores."""
    here = devices.environment(f"gpu:{index}") if on_gpus else dict(os.environ)
    if not on_gpus:
        for name in THREADS:
            here.setdefault(name, str(max(1, (os.cpu_count() or 1) // count)))
    return {**here, PLACE: f"{index}/{count}"}
