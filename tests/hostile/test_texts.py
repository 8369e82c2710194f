"""Texts from strangers reach the terminal as text: they move no cursor and forge no line."""

import ast
import json
import shutil
from pathlib import Path

import pytest

import zoo
from zoo.base.text import harmless
from zoo.errors import FetchError, StorageError, ZooError

pytestmark = pytest.mark.once
EVIL = "\x1b]0;owned\x07\x1b[2K\x9b31m\u202e\x00\x7f\u2028"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb", r"a\x1b[31mb"),
        ("a\x07\x08\x7f\x9bb\x00", r"a\x07\x08\x7f\x9bb\x00"),
        ("a\rb\vc\fd", r"a\rb\x0bc\x0cd"),
        ("a\u202eb\u2066c\u2028", r"a\u202eb\u2066c\u2028"),
        ("a\ud800b", r"a\ud800b"),
        ("two\nlines,\ta tab", "two\nlines,\ta tab"),
        ("Käse ± 3 日本 👩\u200d🔬", "Käse ± 3 日本 👩\u200d🔬"),
    ],
)
def test_control_characters_are_shown(text, shown):
    assert harmless(text) == shown


def test_long_texts_are_cut():
    assert len(harmless("x" * 10**7)) < 4100
    assert harmless("x" * 10**7).endswith("... (10,000,000 characters)")
    assert harmless("x" * 10**5, longest=None) == "x" * 10**5


def kinds(cls=ZooError):
    return [cls, *(k for sub in cls.__subclasses__() for k in kinds(sub))]


@pytest.mark.parametrize("kind", [k for k in kinds() if k.__init__ is ZooError.__init__])
def test_errors_hold_no_control_characters(kind):
    error = kind(f"The server says {EVIL}{'x' * 10**6}")
    assert harmless(str(error), longest=None) == str(error)
    assert str(error).startswith(r"The server says \x1b]0;owned\x07")
    assert len(str(error)) < 4100
    assert harmless(repr(error), longest=None) == repr(error)


def test_errors_of_the_system_keep_their_number():
    assert StorageError(28, "No space").errno == 28
    assert FetchError().args == ()


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A hub whose preset and index have hostile texts."""
    folder = tmp_path / "hub" / "evil"
    model = zoo.create("gan", image_shape=(2,), latent_dim=2, units=4)
    zoo.save(model, folder, title="TITLE", license="cc0-1.0")
    card = json.loads((folder / "card.json").read_text())
    card["identity"]["title"] = f"Good{EVIL}"
    card["limits"] = [f"It is\n\nzoo: error: forged{EVIL}"]
    card["rights"]["weights"] = f"mit{EVIL}"
    (folder / "card.json").write_text(json.dumps(card))
    zoo.hub.write_index(f"file://{folder.parent}")
    monkeypatch.setenv("ZOO_HUB", f"file://{folder.parent}")
    return folder


def test_commands_print_them_harmlessly(hub, run, tmp_path):
    shutil.copytree(hub, tmp_path / "broken")
    (tmp_path / "broken" / "card.json").write_text(json.dumps({"format": 4, EVIL: EVIL}))
    for arguments in (
        ("info", hub),
        ("info", "evil"),
        ("list", "--hub"),
        ("info", tmp_path / "broken"),
        ("info", f"no{EVIL}"),
        ("sample", f"{hub}{EVIL}"),
    ):
        _, out, err = run(*arguments)
        assert harmless(out + err, longest=None) == out + err, arguments
        assert not any(line.startswith("zoo: error: forged") for line in (out + err).splitlines())


def test_the_command_line_prints_by_one_function():
    for path in (Path(zoo.__file__).parent / "cli").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("click.echo", "print"):
                assert ast.unparse(node).startswith("click.echo(harmless("), path


@pytest.mark.parametrize("field", ["title", "paper"])
def test_long_texts_of_cards_are_refused(hub, field):
    card = json.loads((hub / "card.json").read_text())
    card["identity"][field] = "x" * 10**6
    (hub / "card.json").write_text(json.dumps(card))
    with pytest.raises(ValueError, match="at most 20000 characters") as caught:
        zoo.info(hub)
    assert len(str(caught.value)) < 600


def test_large_cards_are_refused(hub, bounded):
    (hub / "card.json").write_text('{"format": 4' + " " * 2**25 + "}")
    with bounded(megabytes=30), pytest.raises(ValueError, match=r"33,554,445 bytes, 8\.0 times"):
        zoo.info(hub)
