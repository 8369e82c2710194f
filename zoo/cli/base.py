"""Helpers of the commands: errors of one line, rows of text, and checks of output files."""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import click

from zoo.base.console import make_printing_safe
from zoo.base.text import harmless
from zoo.errors import ArgumentError, ZooError
from zoo.files.home import make_folder

SETTINGS = {"context_settings": {"help_option_names": ["-h", "--help"], "show_default": True}}


class OneLine(click.Command):
    """A command that reports an error as one line, `zoo: error: ...`, and a non-zero exit code.

    It prints no traceback.
    """

    def main(self, args=None, prog_name=None, standalone_mode=True, **extra):
        if not standalone_mode:
            return super().main(args, prog_name, standalone_mode=False, **extra)
        make_printing_safe()
        with _one_line(prog_name or "zoo"):
            sys.exit(super().main(args, prog_name, standalone_mode=False, **extra) or 0)


class OneLineGroup(OneLine, click.Group):
    """A group of commands that report an error as one line."""


@contextlib.contextmanager
def _one_line(program: str):
    """Print errors of the block as one line that names `program`, and exit."""
    try:
        yield
    except click.Abort:
        sys.exit(130)
    except click.exceptions.NoArgsIsHelpError as error:
        say(error.format_message())
        sys.exit(0)
    except click.ClickException as error:
        say(f"{program}: error: {flat(error.format_message())}", err=True)
        sys.exit(error.exit_code)
    except (ZooError, OSError, MemoryError) as error:
        say(f"{program}: error: {flat(str(error))}", err=True)
        for note in getattr(error, "__notes__", ()):  # texts of several lines, such as a diff
            say(note, err=True)
        sys.exit(1)


def say(text: object = "", err: bool = False) -> None:
    """Print `text`, in which control characters are shown as escapes."""
    click.echo(harmless(str(text), longest=None), err=err)


def flat(message: str) -> str:
    """Return `message` without line breaks and repeated spaces."""
    return " ".join(message.split())


@contextlib.contextmanager
def warnings_in_lines() -> Iterator[None]:
    """Print each warning of the block as one line to stderr, without a line of code."""

    def show(message, *_):
        say(f"zoo: {flat(str(message))}", err=True)

    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = show
        yield


def listed() -> dict:
    """Return the index of the hub in ZOO_HUB.

    If no hub answers, the result is empty, and the reason is printed to stderr.
    """
    from zoo.presets import hub

    if not hub.bases():
        say("zoo: ZOO_HUB names no hub to ask.", err=True)
    try:
        return hub.index()
    except ZooError as error:
        say(f"zoo: {flat(str(error))} `zoo index` writes the list of a hub.", err=True)
        return {}


def print_rows(rows, indent: str = "") -> None:
    """Print pairs of a name and a text, each on one line, as two columns."""
    width = max(len(name) for name, _ in rows)
    for name, text in rows:
        line = " ".join(str(text).splitlines())  # spaces stay, which align columns
        say(f"{indent}{name:{width}}  {line}")


def check_writable(path: Path, option: str = "--out") -> None:
    """Raise if no picture can be written to `path`, before time is spent on the picture.

    Args:
        path: the file of the picture.
        option: the name of the option in errors.
    """
    from PIL import Image

    Image.init()
    if Image.EXTENSION.get(path.suffix.lower()) not in Image.SAVE:
        raise ArgumentError(
            f"{option} must end in the suffix of a picture, such as .png. Received: {path}."
        )
    if path.is_dir():
        raise ArgumentError(f"{option} must be a file. Received the folder {path}.")
    existed = path.exists()
    try:
        make_folder(path.parent)
        with path.open("ab"):
            pass
        if not existed:
            path.unlink()
    except OSError as error:
        raise ArgumentError(f"{option} {path} cannot be written: {error.strerror}.") from error
