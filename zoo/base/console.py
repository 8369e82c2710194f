"""The standard streams: closed, full, or in an encoding that lacks some characters."""

from __future__ import annotations

import codecs
import contextlib
import os
import sys
import unicodedata
from collections.abc import Callable, Iterator
from typing import TextIO

ERRORS = "zoo.plain"  # the name of the error handler
# Characters of tables, numbers and quotations; of others the letter without accents is taken.
PLAIN = {
    "±": "+-",
    "↓": "(low)",
    "↑": "(high)",
    "\u00d7": "x",
    "·": "*",
    "√": "sqrt ",
    "…": "...",
    "\u2013": "-",
    "\u2014": "-",
    "\u2018": "'",
    "\u2019": "'",
    "\u201c": '"',
    "\u201d": '"',
    "─": "-",
    "━": "-",
    "│": "|",
}


def _plain(error: UnicodeError) -> tuple[str, int]:
    """Replace the characters that an encoding lacks by ASCII."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = error.object[error.start : error.end]
    return "".join(_ascii(character) for character in missing), error.end


def _ascii(character: str) -> str:
    letters = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return PLAIN.get(character) or letters or "?"


codecs.register_error(ERRORS, _plain)


def printable(text: str) -> str:
    """Return `text` in characters that the terminal can show."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return text.encode(encoding, ERRORS).decode(encoding)


def make_printing_safe() -> None:
    """Let this program print, whatever its standard streams are.

    The null device takes the place of a closed stream. Otherwise the next file that is opened would
    get its number, and libraries would print into that file. Characters that a stream lacks are
    shown in ASCII.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number, which is this one
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            null = os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, os.fdopen(null, mode, encoding="utf-8"))
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=ERRORS)


def let_go_of_output() -> None:
    """Flush the standard streams, and drop what cannot be written.

    Python would write it once more at its end, and report the error with a traceback.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):  # ValueError: somebody closed it
            with contextlib.suppress(OSError, ValueError):
                null = os.open(os.devnull, os.O_WRONLY)
                os.dup2(null, stream.fileno())
                os.close(null)


class Enduring:
    """A stream of text that leaves out what cannot be written.

    The attribute `fault` is the first error, or `None`.
    """

    def __init__(self, stream: TextIO):
        self._stream = stream
        self.fault: OSError | None = None

    def write(self, text: str) -> int:
        """Write `text` where that is possible."""
        self._try(self._stream.write, text)
        return len(text)

    def flush(self) -> None:
        """Flush the stream where that is possible."""
        self._try(self._stream.flush)

    def _try(self, action: Callable, *args) -> None:
        try:
            action(*args)
        except OSError as error:
            self.fault = self.fault or error

    def __getattr__(self, name: str):
        return getattr(self._stream, name)


@contextlib.contextmanager
def enduring_output() -> Iterator[Enduring]:
    """Let the work of the block outlive the standard streams, and yield the standard output.

    A disk that is full, or a program that reads no further, ends the output and not the work.
    """
    streams = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = map(Enduring, streams)
    try:
        yield sys.stdout
    finally:
        sys.stdout, sys.stderr = streams
