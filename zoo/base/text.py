"""Text from elsewhere, such as cards, servers and file names, made harmless to show."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 4000  # characters of one message
SHOWN = {"\n", "\t"}
# Control characters, halves of characters, and line and paragraph separators.
OBEYED = {"Cc", "Cs", "Zl", "Zp"}
# Characters that turn the direction of the text around them.
TURNING = {"\u061c", "\u200e", "\u200f", *map(chr, range(0x202A, 0x202F))}
TURNING |= {*map(chr, range(0x2066, 0x206A))}

# A URL; its authority holds the user and the password, if the address has them.
URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)([^\s'\"<>`]*)")

# The beginning of a password with a slash or the like in it, which is no host and port.
NO_HOST = re.compile(r"[^\[:]*:(?!\d*$)")


def harmless(text: str, longest: int | None = LONGEST) -> str:
    r"""Return `text` with its control characters shown as escapes such as `\x1b`.

    Line breaks and tabs stay. A terminal obeys other control characters: they move the cursor,
    change earlier lines, or name a window. URLs lose their passwords, see `without_passwords`.

    Args:
        text: any text.
        longest: the number of characters after which it is cut off, or `None`.
    """
    text = without_passwords(text)
    if longest is not None and len(text) > longest:
        text = f"{text[:longest]}... ({len(text):,} characters)"
    if text.isprintable():
        return text
    return "".join(_escaped(c) if _is_obeyed(c) else c for c in text)


def one_line(text: str, longest: int | None = LONGEST) -> str:
    r"""Return `text` as `harmless` does, with its line breaks shown as `\n` too."""
    return harmless(text, longest).replace("\n", r"\n")


def without_passwords(text: str) -> str:
    """Return `text` without the user names and passwords of the URLs in it."""
    return URL.sub(lambda url: without_user(*url.groups()), text) if "://" in text else text


def without_user(scheme: str, rest: str) -> str:
    """Return the URL of `scheme`, with its `://`, and `rest` without user name and password."""
    end = re.match(r"[^/?#]*", rest).end()
    if "@" in rest[:end]:
        rest = rest[:end].rpartition("@")[2] + rest[end:]
    elif NO_HOST.match(rest[:end]):
        rest = rest.rpartition("@")[2]
    return scheme + rest


def _is_obeyed(character: str) -> bool:
    """Return whether a terminal would obey `character`, and not show it."""
    if character in SHOWN:
        return False
    return character in TURNING or unicodedata.category(character) in OBEYED


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()
