"""The model card: a preset's card as a page, with the front matter that Hugging Face reads."""

from __future__ import annotations

import json

from zoo import registry
from zoo.card import Card
from zoo.models.classifiers import Classifier

PICTURES = {
    "unconditional-image-generation": "Samples, not selected",
    "image-classification": "Test images whose labels it finds least probable",
}
PAGE = """---
library_name: keras
license: {license}
{pipeline}datasets:
- {data}
tags:
- keras
{generative}- {family}
---

# {preset}

{title}

![{picture}](samples.png)

```python
import zoo

{example}
```

From a copy of this folder, its path takes the place of the name.

- Model: `{model}`, family `{family}`, {parameters:,} parameters.
- Paper: [{paper}]({url}). Differs from it: {differs}
- Trained by `{recipe}` on {count:,} {what} of {data}, {seen:,} {what} seen, {minutes:.0f} minutes
  on {device}.
{latents}
## Measured

| metric | value | real | protocol |
|---|---|---|---|
{metrics}

± is the standard deviation over sampling seeds; real is what as many training {what} score in place
of samples. A protocol is metric, extractor, data and counts, with its hash; numbers of different
hashes cannot be compared. `card.json` spells each out.

## Limits

{limits}

## Rights

Code: {code}. Weights: {weights}. Data: {rights}.
"""


def model_card(card: Card) -> str:
    """The page of `card`, in Markdown."""
    identity, training, contract = card.identity, card.training, card.contract
    rows = [
        f"| {m.name} | {m.value:.4g}{'' if m.spread is None else f' ± {m.spread:.2g}'} | "
        f"{'' if m.of_real is None else f'{m.of_real:.4g}'} | `{m.protocol.name}` "
        f"{m.protocol.hash} |"
        for m in card.metrics
    ]
    points = len(contract.output_shape) == 1
    kind, example = _use(card)
    what = "points" if points and kind == "unconditional-image-generation" else "images"
    return PAGE.format(
        license=card.rights.weights.lower(),
        weights=card.rights.weights,
        data=training.data,
        family=identity.family,
        preset=identity.preset,
        title=identity.title,
        picture=PICTURES[kind],
        generative="" if kind == "image-classification" else "- generative-model\n",
        # Hugging Face has no tag for points.
        pipeline="" if what == "points" else f"pipeline_tag: {kind}\n",
        what=what,
        example=example,
        model=identity.model,
        parameters=card.weights.parameters,
        paper=identity.paper,
        url=identity.paper_url,
        differs=" ".join(identity.differs) or "none.",
        recipe=training.recipe,
        count=training.data_images,
        seen=training.images_seen,
        minutes=training.seconds / 60,
        device=training.device,
        latents="" if contract.latent_law is None else f"- Latents: {contract.latent_law}.\n",
        metrics="\n".join(rows),
        limits="\n".join(f"- {limit}" for limit in card.limits),
        code=card.rights.code,
        rights=card.rights.data,
    )


def _use(card: Card) -> tuple[str, str]:
    """What the model is for, as Hugging Face calls it, and a line of Python that uses it."""
    contract = card.contract
    loaded = f'zoo.load("{card.name}")'
    cls = registry.family_class(card.identity.family)
    if issubclass(cls, Classifier):
        images = "images in [0, 1], (n, " + ", ".join(map(str, contract.input_shape)) + ")"
        return "image-classification", f"labels = {loaded}.classify(images)  # {images}"
    n, labels = 64, ""
    if contract.labels is not None:
        n, labels = 6 * len(contract.labels), ', labels="all"'  # six of each class
    what = "points" if len(contract.output_shape) == 1 else "images"
    shape = ", ".join(map(str, (n, *contract.output_shape)))
    span = ""
    if contract.output_range is not None:
        span = f" in {json.dumps([int(v) if v == int(v) else v for v in contract.output_range])}"
    line = f"{what} = {loaded}.sample({n}, seed=0{labels})  # ({shape}), float32{span}"
    return "unconditional-image-generation", line
