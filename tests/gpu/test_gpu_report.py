"""The report of a GPU runs to its end, here on the CPU."""

from pathlib import Path

import pytest
from helpers import python

import zoo

ROOT = Path(zoo.__file__).parent.parent


@pytest.mark.heavy
@pytest.mark.once
def test_on_the_cpu(tmp_path):
    out = tmp_path / "report.md"
    options = ("--cpu", "--backends", "torch", "--minutes", 5, "--out", out)
    done = python(ROOT / "scripts" / "gpu.py", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    text = out.read_text()
    for part in ("## torch", "on CPU", "- gan_ring8: ", "zoo torch tf32", "GFLOP/s"):
        assert part in text
    assert text.endswith("0 differences or errors\n")
