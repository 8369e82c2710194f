"""Text from anybody in Markdown pages: whatever it holds, it stays text where it stands."""

from __future__ import annotations

import json
import re
import string
from urllib.parse import quote

from zoo.base.text import one_line

# Spans of code, which authors write on purpose, and addresses, of which GitHub makes links.
KEPT = re.compile(r"((?<!`)`[^`|]+`(?!`)|(?:https?://|www\.)[^\s`]+)")
# The beginning of a heading, a list, a quotation, a rule or a fence.
BLOCK = re.compile(r"^([#>=~]|[+*_-](?=[\s+*_-]|$)|\d+(?=[.)](?:\s|$)))")
# What begins HTML, ends a cell, or ends the text of a link or the name of its address.
SPECIAL = re.compile(r"[\\`|]|\](?=[(\[:])")
# Words that YAML reads as texts without quotation marks.
PLAIN = re.compile(r"[A-Za-z][\w.+-]*( [\w.+-]+)*")
NO_TEXTS = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}  # of YAML
IN_URLS = ":/?#@!$&*+,;=%~-._"  # characters of an address that stay


class Markup(str):
    """Markdown of this package, in which foreign texts are escaped already."""

    __slots__ = ()


class _Template(string.Formatter):
    def convert_field(self, value, conversion):
        match conversion:
            case "c":
                return code(value)
            case "y":
                return yaml(value)
        return super().convert_field(value, conversion)

    def format_field(self, value, format_spec):
        text = format(value, format_spec)
        return text if isinstance(value, Markup | int | float) else markdown(text)


def fill(template: str, **values) -> Markup:
    """Return the Markdown `template` with `values` in its fields, as `str.format` does.

    A text is escaped by `markdown`; with `!c` it becomes `code`, and with `!y` a scalar of `yaml`.
    A `Markup` stays as it is.
    """
    return Markup(_Template().format(template, **values))


def joined(separator: str, parts) -> Markup:
    """Return `parts` of Markdown with `separator` between; plain texts among them are escaped."""
    return Markup(separator.join(p if isinstance(p, Markup) else markdown(p) for p in parts))


def markdown(text: str) -> Markup:
    """Return `text` as one line of Markdown that is no HTML, link, cell or block.

    Spans of code in it stay, and addresses become such spans.
    """
    parts = KEPT.split(one_line(" ".join(text.split()), longest=None))
    parts[1::2] = [code(part.strip("`")) for part in parts[1::2]]
    parts[::2] = [SPECIAL.sub(r"\\\g<0>", part).replace("<", "&lt;") for part in parts[::2]]
    return Markup(BLOCK.sub(_escaped_block, "".join(parts)))


def _escaped_block(start: re.Match) -> str:
    """Return the beginning of a block as text; of a number the character behind it is escaped."""
    return start[0] + "\\" if start[0].isdigit() else "\\" + start[0]


def code(text: str) -> Markup:
    """Return `text` as a span of code in Markdown, also in the cell of a table."""
    line = one_line(" ".join(text.split()), longest=None)
    return Markup(f"`{line.replace('`', chr(39)).replace('|', chr(92) + '|')}`")


def link(text: str, url: str) -> Markup:
    """Return a link in Markdown, or the text alone if `url` is none of the web."""
    if not _is_of_the_web(url):
        return markdown(text)
    inner = re.sub(r"(?<!\\)[\[\]]", r"\\\g<0>", markdown(text))
    return Markup(f"[{inner}]({quote(url, safe=IN_URLS)})")


def anchored(text: str, heading: str) -> Markup:
    """Return a link in Markdown to `heading`, a name of this package that is a heading of the
    page."""
    return Markup(f"[{markdown(text)}](#{heading})")


def autolink(url: str) -> Markup:
    """Return `url` as a link in Markdown, or as text if it is none of the web."""
    return Markup(f"<{quote(url, safe=IN_URLS)}>") if _is_of_the_web(url) else markdown(url)


def _is_of_the_web(url: str) -> bool:
    return url.lower().startswith(("https://", "http://"))


def yaml(text: str) -> Markup:
    """Return `text` as a scalar of YAML, in quotation marks where it needs them."""
    line = one_line(" ".join(text.split()), longest=None)
    if PLAIN.fullmatch(line) and line.lower() not in NO_TEXTS:
        return Markup(line)
    return Markup(json.dumps(line))


def python(text: str) -> Markup:
    """Return `text` as a literal of Python in a block of code."""
    return Markup(json.dumps(text))


def name(text: str) -> Markup:
    """Return `text` as a name of Python in a block of code."""
    return Markup(re.sub(r"\W+", "_", text, flags=re.ASCII).lstrip("0123456789") or "_")
