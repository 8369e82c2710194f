"""The table of a card, for a terminal and for a notebook."""

from __future__ import annotations

import base64
import html
import re
from pathlib import Path

from zoo.metrics.meanings import judgement
from zoo.metrics.protocol import explanations
from zoo.presets.main_numbers import main_numbers

Rows = list[tuple[str, str]]


def rows(card) -> Rows:
    """Return the rows of the table of `card`, a `zoo.presets.card.Card`: each a name and a text."""
    identity, signature = card.identity, card.signature
    size = sum(file.bytes for file in card.weights.files.values())
    return [
        *_introduction(card),
        ("model", f"{identity.model}, family {identity.family}, group {identity.group}"),
        ("paper", ", ".join(dict.fromkeys((identity.paper, identity.paper_url)))),
        *(("differs", text) for text in identity.differs),
        *([("its class", identity.class_differs)] if identity.class_differs else ()),
        (
            "weights",
            f"{card.weights.parameters:,} parameters, {size / 2**20:.1f} MiB, {card.weights.dtype}",
        ),
        *(("needs", f"{name}, of the module {m}") for name, m in card.weights.modules.items()),
        *_of_signature(signature),
        (
            "backends",
            ", ".join(f"{name} (off by {off:.1g})" for name, off in signature.backends.items()),
        ),
        *_of_training(card.training, signature.data.noun),
        *((m.heading, f"{m}, by {m.protocol.name}") for m in card.metrics),
        *(("numbers", sentence) for sentence in explanations(card.metrics)),
        *(("limit", text) for text in card.limits),
        (
            "rights",
            f"code {card.rights.code}; weights {card.rights.weights}; data {card.rights.data}",
        ),
    ]


def _introduction(card) -> Rows:
    """Return the rows of the idea of the model, and of its main numbers with what is good."""
    sentences = re.split(r"(?<=[.!?])\s+", card.idea) if card.idea else []
    good = [
        f"{m.name} {m.text}. {judgement(m, card.signature.data.noun)}" for m in main_numbers(card)
    ]
    return [*_under("idea", sentences), *_under("good", good)]


def _under(name: str, texts: list[str]) -> Rows:
    """Return a row for each of `texts`, of which the first one bears `name`."""
    return [(name if i == 0 else "", text) for i, text in enumerate(texts)]


def _of_signature(signature) -> Rows:
    """Return the rows about tasks and spaces."""
    condition = signature.condition
    return [
        ("tasks", ", ".join(signature.tasks) or "unknown"),
        *((signature.noise_name, space.text) for space in signature.noise.values()),
        (signature.data.noun, signature.data.text),
        *([("classes", condition.text)] if signature.classes is not None else ()),
        *(
            [("condition", f"{condition.noun}, {condition.text}")]
            if condition is not None and signature.classes is None
            else ()
        ),
    ]


def _of_training(training, noun: str) -> Rows:
    """Return the rows about the training."""
    if training is None:
        return []
    images_text = f"{training.images_seen:,} {noun} of {training.data} seen"
    return [
        ("trained", f"{training.recipe}, seed {training.seed}, {images_text}"),
        ("took", f"{training.took} on {training.device}"),
    ]


def as_text(heading: str, rows: Rows) -> str:
    """Return `heading` and `rows` as lines in two columns."""
    width = max(len(name) for name, _ in rows)
    lines = [f"  {name:{width}}  {' '.join(text.splitlines())}" for name, text in rows]
    return "\n".join([heading, "", *lines])


def as_html(heading: str, rows: Rows, picture: Path | None) -> str:
    """Return `heading`, `rows` and the PNG file `picture` as HTML that needs no other file."""
    cells = "".join(
        f"<tr><th style='text-align:left;vertical-align:top'>{html.escape(name)}</th>"
        f"<td style='text-align:left'>{html.escape(text)}</td></tr>"
        for name, text in rows
    )
    image = ""
    if picture is not None:
        data = base64.b64encode(picture.read_bytes()).decode()
        image = f"<img alt='samples' style='max-width:40em' src='data:image/png;base64,{data}'>"
    return f"<h4>{html.escape(heading)}</h4>{image}<table>{cells}</table>"
