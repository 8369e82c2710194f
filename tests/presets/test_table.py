"""The table of a card: as the command prints it, and with the picture in a notebook."""

import base64
import re
import shutil

import pytest

import zoo
from zoo.presets import hub, locate

pytestmark = pytest.mark.once
NAME = "dcgan_mnist"


def test_printed_as_the_command_prints_it(run):
    code, out, _ = run("info", NAME)
    assert code == 0
    assert f"{zoo.info(NAME)}\n" == out


def test_in_a_notebook():
    shown = zoo.info(NAME)._repr_html_()
    (data,) = re.findall(r"src='data:image/png;base64,([^']+)'", shown)
    assert base64.b64decode(data) == (locate.WEIGHTS / NAME / hub.PICTURE).read_bytes()
    assert "<h4>dcgan_mnist: " in shown
    for name, _ in zoo.info(NAME).rows:
        assert f">{name}</th>" in shown


def test_without_a_picture_and_with_html_in_a_text(tmp_path):
    shutil.copytree(locate.WEIGHTS / NAME, tmp_path / "a")
    card = zoo.info(NAME)
    changed = card.model_copy(update={"limits": ["1 < 2 <script>"]})
    changed.write(tmp_path / "a" / hub.CARD)
    (tmp_path / "a" / hub.PICTURE).unlink()
    shown = zoo.info(tmp_path / "a")._repr_html_()
    assert "<img" not in shown
    assert "1 &lt; 2 &lt;script&gt;" in shown
    assert "<script>" not in shown
    assert zoo.info(tmp_path / "a") == changed  # the picture is no part of the card
