"""The model card: a preset's card as a page, with the front matter that Hugging Face reads."""

from __future__ import annotations

import json

from zoo.models import families
from zoo.models.autoencoders import Autoencoder, DenoisingAutoencoder
from zoo.models.classifiers import Classifier
from zoo.presets.card import Card

PAGE_NAME = "README.md"
SAMPLING, CLASSIFYING, CODING = (
    "unconditional-image-generation",
    "image-classification",
    "image-feature-extraction",
)
PICTURES = {
    SAMPLING: "Samples, not selected",
    CLASSIFYING: "Percent of each class of test images, by row, that it takes for each, by column",
    CODING: "Images and their reconstructions",
}
PLANE = "The plane of its latents"
PAGE = """---
library_name: keras
license: {license}
{pipeline}{datasets}tags:
- keras
{generative}- {family}
---

# {preset}

{title}

{picture}```python
import zoo

{example}
```

{copies}

- Model: `{model}`, family `{family}`, {parameters:,} parameters.
- Paper: [{paper}]({url}).{differs}
{trained}{latents}{classes}
{measured}{limits}## Rights

Code: {code}. Weights: {weights}. Data: {rights}.
"""
TRAINED = (
    "- Trained by `{recipe}` on {count:,} {what} of {data}, {seen:,} {what} seen, "
    "{took}\n  on {device}.\n"
)
LIMITS = """## Limits

{}

"""
MEASURED = """## Measured

| metric | value |{again} real | protocol |
|---|---|---|{rule}---|
{rows}

{explained}A protocol is metric, extractor, data and counts, with its hash; numbers of different
hashes cannot be compared. `card.json` spells each out.{seeds}
{reported}
"""
AGAIN = """
Value is of the preset, trained with seed {}; beside it, of trainings with seed {}."""


def model_card(card: Card, place: str | None = None) -> str:
    """The page of `card`, in Markdown; `place` is where it is loaded from, by default by its name,
    or from a folder where no recipe of this package made it."""
    identity, training, contract = card.identity, card.training, card.contract
    source = place or (card.name if training is not None else f"path/to/{card.name}")
    kind, example = _use(card, source)
    what = "points" if len(contract.output_shape) == 1 and kind == SAMPLING else "images"
    several = training is not None and training.other_seeds
    rows = [
        f"| {m.heading} | {m.text} | "
        f"{f'{m.other_trainings_text} | ' if several else ''}"
        f"{'' if m.real_baseline is None else f'{m.real_baseline:.4g}'} | `{m.protocol.name}` "
        f"{m.protocol.hash} |"
        for m in card.metrics
    ]
    reported = "".join(
        f"\nOf others: `{m.name}` {m.published:g}, {m.published_source}.\n"
        for m in card.metrics
        if m.published is not None
    )
    trained = ""
    if training is not None:
        trained = TRAINED.format(
            recipe=training.recipe,
            count=training.data_images,
            what=what,
            data=training.data,
            seen=training.images_seen,
            took=training.took,
            device=training.device,
        )
        if training.selected is not None:
            best = training.selected
            trained += (
                f"- These are the weights of step {best.step} of {training.steps}, the best by "
            )
            trained += f"`{best.monitor}`, {best.value:.4g}.\n"
        for which in training.restored:
            trained += (
                f"- Step {which.step} made numbers that are not finite; it went back to step "
            )
            trained += f"{which.to}.\n"
    pictured = "samples.png" in card.weights.extras
    return PAGE.format(
        license=card.rights.weights.lower(),
        weights=card.rights.weights,
        datasets="" if training is None else f"datasets:\n- {training.data}\n",
        family=identity.family,
        preset=identity.preset,
        title=identity.title,
        picture=f"![{_caption(card, kind)}](samples.png)\n\n" if pictured else "",
        generative="" if kind == CLASSIFYING else "- generative-model\n",
        # Hugging Face has no tag for points.
        pipeline="" if what == "points" else f"pipeline_tag: {kind}\n",
        example=example,
        copies="From a copy of this folder, its path takes the place of the name."
        if training is not None or place is not None
        else "The path is that of this folder.",
        model=identity.model,
        parameters=card.weights.parameters,
        paper=identity.paper,
        url=identity.paper_url,
        differs=_differs(card),
        trained=trained,
        latents="" if contract.latent_law is None else f"- Latents: {contract.latent_law}.\n",
        classes=f"- Classes: {', '.join(contract.told_labels)}.\n" if contract.labels else "",
        measured=MEASURED.format(
            rows="\n".join(rows),
            explained=_explained(card, what),
            reported=reported,
            again=" trained again |" if several else "",
            rule="---|" if several else "",
            seeds=AGAIN.format(training.seed, " and ".join(map(str, training.other_seeds)))
            if several
            else "",
        )
        if rows
        else "",
        limits=LIMITS.format("\n".join(f"- {limit}" for limit in card.limits))
        if card.limits
        else "",
        code=card.rights.code,
        rights=card.rights.data,
    )


def _caption(card: Card, kind: str) -> str:
    plane = kind == SAMPLING and card.contract.latent_shape == [2]
    return PLANE if plane and len(card.contract.output_shape) == 3 else PICTURES[kind]


def _explained(card: Card, what: str) -> str:
    """What the table of the numbers shows beside them."""
    lines = []
    if any(m.spread is not None for m in card.metrics):
        lines.append("± is the standard deviation over sampling seeds.")
    if any(m.standard_error is not None for m in card.metrics):
        lines.append("The standard error is the metric's own, for so many samples or images.")
    if any(m.real_baseline is not None for m in card.metrics):
        lines.append(
            f"Real is what as many training {what} score in place of samples, and of classes test "
            f"{what}."
        )
    notes = dict.fromkeys(note for m in card.metrics for note in m.notes)
    lines += [note[:1].upper() + note[1:] for note in notes]
    return "".join(f"{line}\n" for line in lines)


def _differs(card: Card) -> str:
    """What is known of it, by the recipe and by the class."""
    said, of_class = " ".join(card.identity.differs), card.identity.class_differs
    said = f" Differs from it: {said}" if said else ""
    if of_class is None:
        return said
    return f"{said} Its class differs, where nothing else is said: {of_class}"


def _taken(card: Card) -> str:
    """What a model that looks at images takes."""
    shape = card.contract.input_shape or card.contract.output_shape
    return f"images in [0, 1], (n, {', '.join(map(str, shape))})"


def _use(card: Card, source: str) -> tuple[str, str]:
    """What the model is for, as Hugging Face calls it, and lines of Python that use it, loaded
    from `source`."""
    contract = card.contract
    loaded = f'zoo.load("{source}")'
    family = card.identity.family
    cls = families.family(family).cls if family in families.families() else None
    if cls is not None and issubclass(cls, Classifier):
        return CLASSIFYING, f"labels = {loaded}.classify(images)  # {_taken(card)}"
    if contract.latent_law is None:
        lines = [f"model = {loaded}"]
        if cls is not None and issubclass(cls, Autoencoder):  # of others nothing is known
            seen = "reconstruct(images)"
            if issubclass(cls, DenoisingAutoencoder):
                seen = "denoise(images)  # with noise, values of any size"
            lines += [f"codes = model.encode(images)  # {_taken(card)}", f"again = model.{seen}"]
        return CODING, "\n".join(lines)
    n, labels = 64, ""
    if contract.labels is not None:
        n, labels = 6 * len(contract.labels), ', labels="all"'  # six of each class
    what = "points" if len(contract.output_shape) == 1 else "images"
    shape = ", ".join(map(str, (n, *contract.output_shape)))
    span = ""
    if contract.output_range is not None:
        span = f" in {json.dumps([int(v) if v == int(v) else v for v in contract.output_range])}"
    line = f"{what} = {loaded}.sample({n}, seed=0{labels})  # ({shape}), float32{span}"
    return SAMPLING, line
