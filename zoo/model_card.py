"""The model card: a preset's card as a page, with the front matter that Hugging Face reads."""

from __future__ import annotations

import json

from zoo.card import Card

PAGE = """---
library_name: keras
license: {license}
pipeline_tag: unconditional-image-generation
datasets:
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

images = zoo.load("{preset}").sample(64, seed=0)  # (64, {shape}), float32 in {range}
```

From a copy of this folder, its path takes the place of the name.

- Model: `{model}`, family `{family}`, {parameters:,} parameters.
- Paper: [{paper}]({url}). Differs from it: {differs}
- Trained by `{recipe}` on {images:,} images of {data}, {seen:,} images seen, {minutes:.0f} minutes
  on {device}.
- Latents: {law}.

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
    return PAGE.format(
        license=card.rights.weights.lower(),
        weights=card.rights.weights,
        data=training.data,
        family=identity.family,
        preset=identity.preset,
        title=identity.title,
        samples="Samples, not selected",
        shape=", ".join(map(str, contract.output_shape)),
        range=json.dumps([int(v) if v == int(v) else v for v in contract.output_range]),
        model=identity.model,
        parameters=card.weights.parameters,
        paper=identity.paper,
        url=identity.paper_url,
        differs=" ".join(identity.differs) or "none.",
        recipe=training.recipe,
        images=training.data_images,
        seen=training.images_seen,
        minutes=training.seconds / 60,
        device=training.device,
        law=contract.latent_law,
        metrics="\n".join(rows),
        limits="\n".join(f"- {limit}" for limit in card.limits),
        code=card.rights.code,
        rights=card.rights.data,
    )
