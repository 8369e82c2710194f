"""Text for terminals whose encoding lacks some of its characters."""

from __future__ import annotations

import codecs
import sys
import unicodedata

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
    """Let the standard streams of this program show characters in ASCII that they lack."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=ERRORS)
