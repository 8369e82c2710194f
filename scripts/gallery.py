"""Writes the table of presets in README.md, and docs/gallery.md, from the cards.

python scripts/gallery.py
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

from zoo.presets import locate
from zoo.presets.card import Card
from zoo.presets.hub import CARD
from zoo.presets.locate import HUB

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
GALLERY = ROOT / "docs" / "gallery.md"
BEGIN, END = "<!-- scripts/gallery.py writes this table -->", "<!-- to here -->"
GROUPS = {
    "autoencoders": "Autoencoders",
    "vaes": "Variational autoencoders",
    "gans": "Generative adversarial networks",
    "classifiers": "Classifiers, with which samples are measured",
}
# The number of a preset that says most: of its family, else the first of these that its card has.
OF_FAMILY = {
    "sparse_autoencoder": "inactive",
    "contractive_autoencoder": "relative_jacobian_norm",
}
TELLING = (
    "iwae",
    "accuracy",
    "denoising_gain",
    "high_quality",
    "label_accuracy",
    "fid",
    "squared_error",
    "elbo",
    "density",
)


def presets() -> list[tuple[Card, str]]:
    """The card of each preset and its folder, from the project's, group by group."""
    packaged = [(Card.read(path), "zoo/weights") for path in locate.CARDS.glob("*.json")]
    others = [(Card.read(path), HUB.name) for path in HUB.glob(f"*/{CARD}")]
    order = list(GROUPS)
    return sorted(
        [(card, f"{place}/{card.name}") for card, place in packaged + others],
        key=lambda found: (order.index(found[0].identity.group), found[0].name),
    )


def untrained() -> dict[str, str]:
    """The recipes that no preset was made of yet, and the first sentence of each."""
    trained = {card.name for card, _ in presets()}
    paths = sorted(path for path in locate.RECIPES.glob("*.py") if path.stem not in trained)
    texts = {path.stem: ast.get_docstring(ast.parse(path.read_text("utf-8"))) for path in paths}
    return {name: re.split(r"(?<=\.)\s", text)[0] for name, text in texts.items()}


def name_to_load(card: Card, place: str) -> str:
    """What `zoo.load` takes, in the project's folder, for the preset in the folder `place`."""
    return place if place.startswith(f"{HUB.name}/") else card.name


def number(measurement) -> str:
    """A number as it stands in a table."""
    text, real = measurement.text, measurement.real_baseline
    return text if real is None else f"{text} (real {real:.3g})"


def table() -> str:
    """The table of all presets in Markdown."""
    rows = [
        "| preset | what | its number | trained on | minutes | size |",
        "|---|---|---|---|---|---|",
    ]
    for card, place in presets():
        shape = card.contract.input_shape or card.contract.output_shape
        measured = {m.name: m for m in card.metrics}
        telling = (OF_FAMILY.get(card.identity.family), *TELLING)
        name = next(name for name in telling if name in measured)
        size = sum(file.bytes for file in card.weights.files.values()) / 2**20
        training = card.training
        rows.append(
            f"| `{name_to_load(card, place)}` | {card.identity.title} | "
            f"{measured[name].heading} {number(measured[name])} | "
            f"{training.data}, {'x'.join(map(str, shape))} | {training.minutes} | "
            f"{size:.1f} MiB |"
        )
    return "\n".join(rows)


def gallery() -> str:
    """The page of all presets in Markdown."""
    parts = [
        "# Gallery",
        "What each preset makes, as the runner pictured it: no sample is selected. Of classifiers "
        "it is the percentage of each class of test images, by row, that is taken for each, by "
        "column. All numbers, with their protocols, stand in the cards: `zoo info NAME`. Presets "
        "whose names begin with `hub/` are not in the package: they lie in that folder of the "
        "project, which is a hub. An arrow points to what is better, ± is the standard deviation "
        "over sampling seeds, real what as many real images score; trained again are the numbers "
        "of other training seeds, and of others those of papers, by their own protocols. A `fid` "
        "here is of the features of a classifier of this package and not the papers', whose "
        "numbers are other ones. "
        "`python scripts/gallery.py` writes this page.",
    ]
    group = None
    for card, place in presets():
        if card.identity.group != group:
            group = card.identity.group
            parts.append(f"## {GROUPS[group]}")
        parts.append(f"### `{name_to_load(card, place)}`")
        parts.append(card.identity.title)
        parts.append(f"![{card.name}](../{place}/samples.png)")
        parts.append(
            f"{card.identity.paper}, <{card.identity.paper_url}>. Trained for "
            f"{card.training.took} on {card.training.device}; data: "
            f"{card.rights.data}."
        )
        rows = ["| number | value | trained again | of others |", "|---|---|---|---|"]
        for m in card.metrics:
            others = "" if m.published is None else f"{m.published:g} ({m.published_source})"
            rows.append(
                f"| {m.heading}, {m.protocol.name} | {number(m)} "
                f"| {m.other_trainings_text} | {others} |"
            )
        parts.append("\n".join(rows))
        parts.append("Limits:\n\n" + "\n".join(f"- {limit}" for limit in card.limits))
    waiting = untrained()
    if waiting:
        parts.append("## Not trained yet")
        parts.append("Recipes without a preset yet:")
        parts.append(
            "\n".join(
                f"- [`{name}`](../recipes/{name}.py): {what}" for name, what in waiting.items()
            )
        )
    return "\n\n".join(parts) + "\n"


def readme(text: str) -> str:
    """The README `text` with the table of today."""
    pattern = re.compile(f"{re.escape(BEGIN)}.*{re.escape(END)}", flags=re.DOTALL)
    new, places = pattern.subn(lambda _: f"{BEGIN}\n\n{table()}\n\n{END}", text)
    if places != 1:
        raise ValueError(f"README.md must hold the lines {BEGIN} and {END} once.")
    return new


if __name__ == "__main__":
    README.write_text(readme(README.read_text(encoding="utf-8")), encoding="utf-8")
    GALLERY.write_text(gallery(), encoding="utf-8")
