"""Attacks are built here, and refused within two seconds of work and little memory."""

import contextlib
import time
from pathlib import Path

import pytest

SECONDS, MEGABYTES = 2, 300
STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def _memory(name):
    """A line of this process's status in megabytes."""
    (line,) = [line for line in STATUS.read_text().splitlines() if line.startswith(name)]
    return int(line.split()[1]) / 1024


@contextlib.contextmanager
def bounded(seconds=SECONDS, megabytes=MEGABYTES):
    """Fails if the block computes for more than `seconds`, or takes more memory at any time."""
    measured = RESET.exists()  # Linux
    if measured:
        RESET.write_text("5")  # forget the peak of earlier tests
        before = _memory("VmRSS")
    started = time.process_time()
    yield
    taken = time.process_time() - started
    assert taken < seconds, f"it took {taken:.1f} s"
    if measured:
        more = _memory("VmHWM") - before
        assert more < megabytes, f"it took {more:.0f} MB"


@pytest.fixture(name="bounded")
def _bounded():
    return bounded
