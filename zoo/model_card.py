"""The model card: a preset's card as a page, with the front matter that Hugging Face reads."""

from __future__ import annotations

import json

from zoo.card import Card

PAGE = """---
library_name: keras
license: {license}
{pipeline}datasets:
- {data}
tags:
- keras
- generative-model
- {family}
---

# {preset}

{title}

![{samples}](samples.png)

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

| metric | value | protocol |
|---|---|---|
{metrics}

## Limits

{limits}

## Rights

Code: {code}. Weights: {weights}. Data: {rights}.
"""


def model_card(card: Card) -> str:
    """The page of `card`, in Markdown."""
    identity, training, contract = card.identity, card.training, card.contract
    rows = []
    for metric in card.metrics:
        spread = (
            ""
            if metric.spread is None
            else f" ± {metric.spread:.2g} over {len(metric.seeds)} sampling seeds"
        )
        counts = ", ".join(
            f"{n:,} {kind}"
            for n, kind in ((metric.n_real, "real"), (metric.n_fake, "generated"))
            if n
        )
        rows.append(
            f"| {metric.name} | {metric.value:.4g}{spread} | {metric.protocol} ({counts}) |"
        )
    points = len(contract.output_shape) == 1
    what = "points" if points else "images"
    return PAGE.format(
        license=card.rights.weights.lower(),
        weights=card.rights.weights,
        data=training.data,
        family=identity.family,
        preset=identity.preset,
        title=identity.title,
        samples="Samples, not selected",
        # Hugging Face has no tag for points.
        pipeline="" if points else "pipeline_tag: unconditional-image-generation\n",
        what=what,
        example=_example(card, what),
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


def _example(card: Card, what: str) -> str:
    """The line of Python that takes samples, with what comes out."""
    contract = card.contract
    n, labels = 64, ""
    if contract.labels is not None:
        n, labels = 6 * len(contract.labels), ', labels="all"'  # six of each class
    shape = ", ".join(map(str, (n, *contract.output_shape)))
    span = ""
    if contract.output_range is not None:
        span = f" in {json.dumps([int(v) if v == int(v) else v for v in contract.output_range])}"
    return (
        f'{what} = zoo.load("{card.name}").sample({n}, seed=0{labels})  # ({shape}), float32{span}'
    )
