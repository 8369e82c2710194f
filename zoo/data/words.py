"""Words in the margins of pictures, beside their rows and above their columns."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

from zoo.base.text import one_line

SMALLEST = 14  # pixels of the font: smaller words are hard to read
LINE = 18  # pixels of a line in that font
PART = 45  # a font is at least this part of the picture's longer side, which viewers make smaller
LONGEST = 14  # the longest word, in multiples of the font: longer ones are cut
SPACE = 6  # pixels between a word and what is beside it
CUT = "…"


class Word(NamedTuple):
    """A word in a margin.

    Attributes:
        text: the word.
        start: the pixel of the picture at which its place begins, from the left or the top.
        length: the length of its place in pixels.
        cell: the length of the first image in its place.
    """

    text: str
    start: int
    length: int
    cell: int


def font_size(side: int) -> int:
    """Return the size of the font for a picture whose longer side has `side` pixels."""
    return max(SMALLEST, side // PART)


def _within(size: int, length: int) -> int:
    """Return `size`, or the size of the font whose lines are `length` pixels high if it is less."""
    return max(1, min(size, length * SMALLEST // LINE))


def with_words(picture: Image.Image, left: Sequence[Word], top: Sequence[Word]) -> Image.Image:
    """Return `picture` with a margin on the left and one above it, which hold words.

    Words above stand upright if one of them is longer than its place. No word is drawn over the
    picture.

    Args:
        picture: a grey or a colour picture.
        left: the words on the left. Without any there is no such margin.
        top: the words above.
    """
    largest = font_size(max(picture.size))
    beside = [_drawn(word.text, _within(largest, word.cell)) for word in left]
    above = [_drawn(word.text, largest) for word in top]
    if any(text.width > word.length for text, word in zip(above, top, strict=True)):
        above = [
            _drawn(word.text, _within(largest, word.cell)).rotate(90, expand=True) for word in top
        ]
        top = [word._replace(length=word.cell) for word in top]
    indent = max((text.width + 2 * SPACE for text in beside), default=0)
    height = max((text.height + SPACE for text in above), default=0)
    size = (picture.width + indent, picture.height + height)
    sheet = Image.new(picture.mode, size, "white")
    sheet.paste(picture, (indent, height))
    for word, text in zip(left, beside, strict=True):
        y = height + word.start + (word.length - text.height) // 2
        sheet.paste(text, (indent - SPACE - text.width, y))
    for word, text in zip(top, above, strict=True):
        x = indent + word.start + (word.length - text.width) // 2
        sheet.paste(text, (x, height - text.height))
    return sheet


def _drawn(text: str, size: int) -> Image.Image:
    """Return `text` in black on white, in a font of `size` pixels, cut if it is long.

    Pillow's own font has the characters of ASCII alone, so that letters lose their accents.
    """
    font = ImageFont.load_default(size)
    parts = unicodedata.normalize("NFKD", one_line(text))
    text = "".join(c for c in parts if not unicodedata.combining(c))
    if font.getlength(text) > LONGEST * size:
        while text and font.getlength(text + CUT) > LONGEST * size:
            text = text[:-1]
        text = text.rstrip() + CUT
    ascent, descent = font.getmetrics()
    drawn = Image.new("L", (max(1, round(font.getlength(text)) + 1), ascent + descent), "white")
    ImageDraw.Draw(drawn).text((0, 0), text, fill="black", font=font)
    return drawn
