"""Text on terminals that cannot show each character."""

import io
import os
import subprocess
import sys

import pytest

from zoo.base.console import make_printing_safe, printable

pytestmark = pytest.mark.once
TEXT = "fid ↓ 0.5 ± 0.1, 28 \u00d7 28, Kynkäänniemi \u2013 √n ─│ 数"


def terminal(encoding):
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "cp437", "utf-8"])
def test_every_text_can_be_printed(monkeypatch, encoding):
    monkeypatch.setattr(sys, "stdout", terminal(encoding))
    sys.stdout.write(printable(TEXT))
    sys.stdout.flush()
    if encoding == "ascii":
        shown = sys.stdout.buffer.getvalue().decode()
        assert shown == "fid (low) 0.5 +- 0.1, 28 x 28, Kynkaanniemi - sqrt n -| ?"
    if encoding == "utf-8":
        assert sys.stdout.buffer.getvalue().decode() == TEXT


def test_no_terminal_at_all(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    assert printable(TEXT) == TEXT


def test_the_streams_of_a_program(monkeypatch):
    monkeypatch.setattr(sys, "stdout", terminal("ascii"))
    monkeypatch.setattr(sys, "stderr", io.StringIO())  # that of a notebook has no settings
    make_printing_safe()
    print(TEXT)


def test_the_command_and_a_script_on_a_terminal_of_ascii():
    script = (
        "import sys, zoo; from zoo.evaluation import Report, compare; from zoo.cli import cli;"
        "card = zoo.info('dcgan_mnist');"
        "report = Report(model='a', measurements=card.metrics);"
        "print(report, compare(report, report), card.metrics[0]);"
        "cli.main(['info', 'cgan_mnist'])"
    )
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "fid (low)" in done.stdout
    assert " +- " in done.stdout
