"""`model_card`, which writes the page of a preset with the front matter that Hugging Face reads."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import NamedTuple

from zoo.base.markup import Markup, anchored, fill, joined, link, markdown, name, python
from zoo.metrics import Measurement
from zoo.metrics.meanings import judgement, meaning
from zoo.metrics.protocol import explanations
from zoo.presets.card import Card, Signature, Training
from zoo.presets.hub import PICTURE
from zoo.presets.main_numbers import main_numbers

PAGE_NAME = "README.md"
PLANE = "The plane of its latents"
PAGE = """---
library_name: keras
license: {license!y}
{base}{pipeline}{datasets}tags:
- keras
{generative}- {family!y}
---

# {preset}

{title}

{idea}{good}{picture}```python
import zoo

{example}
```

{copies}

- Model: {model!c}, family {family!c}, {parameters:,} parameters.
{modules}- Paper: {paper}.{differs}
{trained}{signature}
{measured}{limits}## Rights

Code: {code}. Weights: {weights}. Data: {rights}.
"""
TRAINED = (
    "- Trained by {recipe!c} on {count:,} {noun} of {data}, {seen:,} {noun} seen, "
    "{took}\n  on {device}.\n"
)
SELECTED = (
    "- These are the weights of step {step} of {steps}, the best by {monitor!c}, {value:.4g}.\n"
)
RESTORED = "- Step {step} made numbers that are not finite; it went back to step {to}.\n"
LIMITS = """## Limits

{limits}

"""
MEASURED = """## Measured

<details>
<summary>All numbers, with their protocols and their meanings</summary>

| metric | value |{others} real | protocol |
|---|---|---|{rule}---|
{rows}

{explained}A protocol is metric, extractor, data and counts, with its hash; numbers of different
hashes cannot be compared. `card.json` spells each out.{seeds}
{published}{meanings}
The page `docs/metrics.md` of the zoo says more of each metric.

</details>

"""
PUBLISHED = "\nPublished by others: {name!c} {value:g}, {source}.\n"
OTHER_SEEDS = """
Value is of the preset, trained with seed {}; beside it, of trainings with seed {}."""


class Use(NamedTuple):
    """The use of a model with a task.

    Attributes:
        pipeline: the pipeline of the task, as Hugging Face calls it.
        caption: the caption of the picture.
        example: a function from the signature and the expression that loads the model to lines of
            Python that use it.
    """

    pipeline: str
    caption: str
    example: Callable[[Signature, str], str]


def _sampling(signature: Signature, loaded: str) -> str:
    """Return the line of Python that samples from the model."""
    n, labels = 64, ""
    if signature.classes is not None:
        n, labels = 6 * len(signature.classes), ', labels="all"'  # six of each class
    elif signature.condition is not None:
        n, labels = 4, f", condition={name(signature.condition.noun)}"
    shape = ", ".join(map(str, (n, *signature.data.shape)))
    span = _range(signature)
    noun = name(signature.data.noun)
    return f"{noun} = {loaded}.sample({n}, seed=0{labels})  # ({shape}), float32{span}"


def _translating(signature: Signature, loaded: str) -> str:
    """Return the line of Python that translates inputs."""
    shape = ", ".join(map(str, signature.condition.shape))
    return f"outputs = {loaded}.translate(inputs)  # inputs of shape (n, {shape})"


def _coding(signature: Signature, loaded: str) -> str:
    """Return the lines of Python that encode and reconstruct images."""
    second = "reconstructions = model.reconstruct(images)"
    if "denoises" in signature.tasks:
        second = "clean = model.denoise(images)  # with noise, values of any size"
    return f"model = {loaded}\ncodes = model.encode(images)  # {_data_text(signature)}\n{second}"


def _classifying(signature: Signature, loaded: str) -> str:
    """Return the line of Python that classifies images."""
    return f"labels = {loaded}.classify(images)  # {_data_text(signature)}"


def _scoring(signature: Signature, loaded: str) -> str:
    """Return the line of Python that computes log-likelihoods."""
    return f"nats = {loaded}.log_prob({name(signature.data.noun)})  # {_data_text(signature)}"


def _data_text(signature: Signature) -> str:
    """Return the noun, the range and the shape of the data that a model takes, as text."""
    data = signature.data
    return f"{name(data.noun)}{_range(signature)}, (n, {', '.join(map(str, data.shape))})"


def _range(signature: Signature) -> str:
    """Return the range of the data of a model, in words."""
    if signature.data.range is None:
        return ""
    return f" in {json.dumps([int(v) if v == int(v) else v for v in signature.data.range])}"


# The page of a model shows the first of its tasks in this order.
USES = {
    "samples": Use("unconditional-image-generation", "Samples, not selected", _sampling),
    "translates": Use("image-to-image", "Inputs, outputs and targets", _translating),
    "encodes": Use("image-feature-extraction", "Images and their reconstructions", _coding),
    "classifies": Use(
        "image-classification",
        "Percent of each class of test images, by row, that it takes for each, by column",
        _classifying,
    ),
    "scores": Use("other", "", _scoring),
}


def model_card(card: Card, place: str | None = None) -> str:
    """Return the page of `card`, in Markdown.

    Args:
        card: the card of the preset.
        place: the name, path or URL in the page's `zoo.load`. By default it is the name of the
            preset, or a path if no recipe of this package trained it.
    """
    identity, training, signature = card.identity, card.training, card.signature
    recipe = None if training is None else training.recipe
    named = recipe == f"recipes/{card.name}.py"
    source = place or (card.name if named else f"path/to/{card.name}")
    modules = list(dict.fromkeys(card.weights.modules.values()))
    trust = f", trust=[{', '.join(map(python, modules))}]" if modules else ""
    loaded = f"zoo.load({python(source)}{trust})"
    use = next((USES[task] for task in USES if task in signature.tasks), None)
    pictured = PICTURE in card.weights.extras
    images = signature.data.kind == "images"  # for others Hugging Face has no pipeline
    return fill(
        PAGE,
        license=card.rights.weights.lower(),
        weights=card.rights.weights,
        base=Markup()
        if training is None or training.base is None or training.base.repository is None
        else fill("base_model: {base!y}\n", base=training.base.repository),
        datasets=Markup()
        if training is None
        else fill("datasets:\n- {data!y}\n", data=training.data),
        family=identity.family,
        preset=identity.preset,
        title=identity.title,
        idea=Markup() if card.idea is None else fill("{idea}\n\n", idea=card.idea),
        good=_good(card),
        picture=Markup(f"![{_caption(card, use)}]({PICTURE})\n\n" if pictured else ""),
        generative=Markup(
            "- generative-model\n" * bool({"samples", "encodes"} & {*signature.tasks})
        ),
        pipeline=Markup(f"pipeline_tag: {use.pipeline}\n" if use is not None and images else ""),
        example=Markup(f"model = {loaded}" if use is None else use.example(signature, loaded)),
        copies="From a copy of this folder, its path takes the place of the name."
        if named or place is not None
        else "The path is that of this folder.",
        model=identity.model,
        modules=joined(
            "",
            (
                fill("- The class {name!c} is of the module {module!c}.\n", name=n, module=m)
                for n, m in card.weights.modules.items()
            ),
        ),
        parameters=card.weights.parameters,
        paper=link(identity.paper, identity.paper_url),
        differs=_differs(card),
        trained=Markup() if training is None else _trained(training, signature.data.noun),
        signature=_signature(signature),
        measured=_measured(card),
        limits=fill(LIMITS, limits=_list(card.limits)) if card.limits else Markup(),
        code=card.rights.code,
        rights=card.rights.data,
    )


def _caption(card: Card, use: Use | None) -> str:
    """Return the caption of the picture."""
    signature = card.signature
    noise = [space.shape for space in signature.noise.values()]
    plane = signature.data.kind == "images" and signature.condition is None and noise == [[2]]
    if plane:
        return PLANE
    return "" if use is None else use.caption


def _trained(training: Training, noun: str) -> Markup:
    """Return the lines of the page about the training."""
    parts = [_training(training, noun)]
    if training.selected is not None:
        parts.append(fill(SELECTED, steps=training.steps, **dict(training.selected)))
    parts += [fill(RESTORED, step=each.step, to=each.to) for each in training.restored]
    return joined("", parts)


def _training(training: Training, noun: str) -> Markup:
    """Return the line of the page about recipe, data and duration."""
    return fill(
        TRAINED,
        recipe=training.recipe,
        count=training.data_images,
        noun=noun,
        data=training.data,
        seen=training.images_seen,
        took=training.took,
        device=training.device,
    )


def _signature(signature: Signature) -> Markup:
    """Return the lines of the page about noise, condition and tasks."""
    condition = signature.condition
    name = signature.noise_name.capitalize()
    lines = [(name, space.text) for space in signature.noise.values()]
    if signature.classes is not None:
        lines.append(("Classes", condition.text))
    elif condition is not None:
        lines.append(("Condition", f"{condition.noun}, {condition.text}"))
    if signature.tasks:
        lines.append(("Tasks", ", ".join(signature.tasks)))
    return joined("", (fill("- {of}: {text}.\n", of=of, text=text) for of, text in lines))


def _list(texts: Iterable[str]) -> Markup:
    """Return `texts` as a list in Markdown."""
    return joined("\n", (fill("- {text}", text=text) for text in texts))


def _good(card: Card) -> Markup:
    """Return the list of the main numbers with what is good, empty if there are none."""
    noun = card.signature.data.noun
    lines = [
        fill(
            "- {name} **{text}.** {judgement}\n",
            name=_linked(m, m.name),
            text=m.text,
            judgement=judgement(m, noun),
        )
        for m in main_numbers(card)
    ]
    return joined("", [*lines, Markup("\n")]) if lines else Markup()


def _linked(m: Measurement, text: str) -> Markup:
    """Return `text` with a link to the meaning of the number `m`, if that is known."""
    return markdown(text) if meaning(m) is None else anchored(text, m.name)


def _meanings(card: Card) -> Markup:
    """Return the meaning of each number under a heading of its name."""
    known = {m.name: meaning(m) for m in reversed(card.metrics)}
    parts = [
        fill("\n#### {name!c}\n\n{says}\n", name=number, says=known[number].says)
        for number in dict.fromkeys(m.name for m in card.metrics)
        if known[number] is not None
    ]
    return joined("", parts)


def _measured(card: Card) -> Markup:
    """Return the section of the measured numbers, empty if there are none."""
    training = card.training
    if not card.metrics:
        return Markup()
    several = training is not None and bool(training.other_seeds)
    published = [
        fill(PUBLISHED, name=m.name, value=m.published, source=str(m.published_source))
        for m in card.metrics
        if m.published is not None
    ]
    return fill(
        MEASURED,
        rows=joined("\n", (_row(m, several) for m in card.metrics)),
        explained=_explained(card),
        meanings=_meanings(card),
        published=joined("", published),
        others=Markup(" other trainings |" if several else ""),
        rule=Markup("---|" if several else ""),
        seeds=Markup(
            OTHER_SEEDS.format(training.seed, " and ".join(map(str, training.other_seeds)))
            if several
            else ""
        ),
    )


def _row(m: Measurement, several: bool) -> Markup:
    """Return the row of one number; `several` adds the column of other trainings."""
    return fill(
        "| {heading} | {text} | {others}{real} | {protocol!c} {hash} |",
        heading=_linked(m, m.heading),
        text=Markup(m.text),
        others=Markup(f"{m.other_trainings_text} | " if several else ""),
        real=Markup("" if m.real_baseline is None else f"{m.real_baseline:.4g}"),
        protocol=m.protocol.name,
        hash=m.protocol.hash,
    )


def _explained(card: Card) -> Markup:
    """Return the lines that explain the columns of the table, and the notes of the metrics."""
    noun, lines = card.signature.data.noun, explanations(card.metrics)
    if any(m.standard_error is not None for m in card.metrics):
        lines.append("The standard error is the metric's own, for so many samples or images.")
    if any(m.real_baseline is not None for m in card.metrics):
        lines.append(
            f"Real is what as many training {noun} score in place of samples, and of classes test "
            f"{noun}."
        )
    notes = dict.fromkeys(note for m in card.metrics for note in m.notes)
    lines += [note[:1].upper() + note[1:] for note in notes]
    return joined("", (fill("{line}\n", line=line) for line in lines))


def _differs(card: Card) -> Markup:
    """Return the sentences on the differences from the paper, of the recipe and of the class."""
    of_recipe, of_class = " ".join(card.identity.differs), card.identity.class_differs
    text = fill(" Differs from it: {text}", text=of_recipe) if of_recipe else ""
    if of_class is None:
        return Markup(text)
    of_class = fill(" Its class differs, where nothing else is said: {text}", text=of_class)
    return Markup(text + of_class)
