"""Write docs/gallery.md, the page of all presets, from the cards.

python scripts/gallery.py
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

from zoo.base.markup import Markup, autolink, fill, joined
from zoo.metrics.protocol import PLUS_MINUS
from zoo.presets import locate
from zoo.presets.card import Card
from zoo.presets.locate import HUB
from zoo.presets.main_numbers import main_numbers

ROOT = Path(__file__).resolve().parent.parent
GALLERY = ROOT / "docs" / "gallery.md"
GROUPS = {
    "autoencoders": "Autoencoders",
    "vaes": "Variational autoencoders",
    "autoregressive": "Autoregressive models",
    "energy": "Boltzmann machines",
    "gans": "Generative adversarial networks",
    "flows": "Normalizing flows",
    "encoders": "Encoders into the latents of generators",
    "classifiers": "Classifiers, with which samples are measured",
}
INTRODUCTION = f"""\
The pictures are those of the cards: no sample is selected. The picture of a classifier is its
confusion matrix: each row is a class of the test images, and each column gives the percentage of
them that the classifier assigns to that class.

- The presets {{outside}} are not
  in the package, because they are large or because their training images are for research alone.
  They lie in the folder [`hub`](../hub) of the project. From a checkout they load by their names as
  the others do; elsewhere set `ZOO_HUB` to the URL of that folder, or load a copy by its path.
- An arrow points to what is better. "real" is the score of as many real images in place of samples.
- {PLUS_MINUS}
- A `fid` here is computed from the features of a classifier of this package (see
  [Evaluating](evaluating.md#extractors)). It cannot be compared with an FID of a paper.
- Minutes are of the training, on the device that the card names.
- "Other trainings" gives the numbers of the same recipe with other training seeds. "Published"
  gives the numbers of papers, by their own protocols.

All numbers, with their protocols, stand in the cards: `zoo info NAME`. `python scripts/gallery.py`
writes this page."""


def presets() -> list[tuple[Card, str]]:
    """Return the card and the folder of each preset of the project, group by group."""
    order = list(GROUPS)
    places = [locate.place(name) for name in locate.shelf()]
    return sorted(
        [(Card.read(path), folder.relative_to(ROOT).as_posix()) for path, folder in places],
        key=lambda pair: (order.index(pair[0].identity.group), pair[0].name),
    )


def untrained() -> dict[str, str]:
    """Return the first sentence of each recipe without a preset, by name."""
    trained = {card.name for card, _ in presets()}
    files = {name: path for name, path in locate.recipes().items() if name not in trained}
    texts = {
        name: ast.get_docstring(ast.parse(path.read_text("utf-8"))) for name, path in files.items()
    }
    return {name: re.split(r"(?<=\.)\s", text)[0] for name, text in texts.items()}


def anchor(heading: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def number(measurement) -> str:
    """Return a number, with the score of real images, for a table."""
    text, real = measurement.text, measurement.real_baseline
    return text if real is None else f"{text} (real {real:.3g})"


def table() -> str:
    """Return the table of all presets in Markdown, each with a link to its section."""
    rows = [
        "| preset | content | main number | trained on | minutes | size |",
        "|---|---|---|---|---|---|",
    ]
    for card, _ in presets():
        shape = card.signature.data.shape
        main = main_numbers(card)[0]
        size = sum(file.bytes for file in card.weights.files.values()) / 2**20
        training = card.training
        rows.append(
            fill(
                "| [{name!c}](#{anchor}) | {title} | {number} | {data} | {minutes} | {size} |",
                name=card.name,
                anchor=Markup(anchor(card.name)),
                title=card.identity.title,
                number=f"{main.heading} {number(main)}",
                data=f"{training.data}, {'x'.join(map(str, shape))}",
                minutes=training.minutes,
                size=f"{size:.1f} MiB",
            )
        )
    return "\n".join(rows)


def gallery() -> str:
    """Return the page of all presets in Markdown."""
    outside = [f"`{card.name}`" for card, place in presets() if place.startswith(f"{HUB.name}/")]
    parts = ["# Gallery", INTRODUCTION.format(outside=", ".join(outside)), table()]
    group = None
    for card, place in presets():
        if card.identity.group != group:
            group = card.identity.group
            parts.append(f"## {GROUPS[group]}")
        parts.append(f"### `{card.name}`")
        parts.append(fill("{title}", title=card.identity.title))
        parts.append(f"![{card.name}](../{place}/samples.png)")
        parts.append(
            fill(
                "{paper}, {url}. Trained for {took} on {device}; data: {data}.",
                paper=card.identity.paper,
                url=autolink(card.identity.paper_url),
                took=card.training.took,
                device=card.training.device,
                data=card.rights.data,
            )
        )
        rows = ["| number | value | other trainings | published |", "|---|---|---|---|"]
        for m in card.metrics:
            published = "" if m.published is None else f"{m.published:g} ({m.published_source})"
            name = f"{m.heading}, {m.protocol.name}"
            cells = (name, number(m), m.other_trainings_text, published)
            rows.append(f"| {joined(' | ', cells)} |")
        parts.append("\n".join(rows))
        limits = (fill("- {limit}", limit=limit) for limit in card.limits)
        parts.append("Limits:\n\n" + joined("\n", limits))
    waiting = untrained()
    if waiting:
        parts.append("## Not trained yet")
        parts.append("Recipes without a preset yet:")
        parts.append(
            "\n".join(
                f"- [`{name}`](../recipes/{name}.py): {text}" for name, text in waiting.items()
            )
        )
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    GALLERY.write_text(gallery(), encoding="utf-8")
