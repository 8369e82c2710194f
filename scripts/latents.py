"""Measure what directions and truncation of latents do, and draw the pictures of docs/latents.md.

python scripts/latents.py [--data mnist] [--out docs/pictures/latents] [--n 5000] [--only PART ...]

It prints how the probability of a seven moves along the difference of the mean codes of sevens and
ones, in `vae_mnist`, and along the direction of the same attribute in the latents of `dcgan_mnist`;
the share of precision and recall that truncation costs and gains; and the samples of `ae_mnist`
with a prior that is fitted to its codes. The data set must be prepared (`zoo data prepare mnist`).
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import zoo
from zoo.cli import cli
from zoo.evaluation.of_codes import codes_of

ROOT = Path(__file__).resolve().parent.parent
START, END = 1, 7
CLASSIFIER = "classifier_mnist"
DIFFERENCES = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)  # parts of the difference of two means
UNITS = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0)  # lengths along a unit vector
THRESHOLDS = (0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, float("inf"))
SCALE, LINE, FONT = 2, 15, 12  # pixels of the answers below images


def table(heading: str, columns: list[str], rows: list[list]) -> None:
    """Print a table in Markdown below a heading."""
    print(f"\n{heading}\n")
    print(f"| {' | '.join(columns)} |")
    print(f"|{'---|' * len(columns)}")
    for row in rows:
        cells = [cell if isinstance(cell, str) else f"{cell:.3f}" for cell in row]
        print(f"| {' | '.join(cells)} |", flush=True)


def moved(name: str, model, latents: np.ndarray, direction, amounts) -> None:
    """Print the mean probabilities of both classes along a direction."""
    judge = zoo.latents.Attribute(CLASSIFIER, END).model
    rows = []
    for attribute in (START, END):
        found = zoo.latents.effect(model, latents, direction, (judge, attribute), amounts)
        rows.append((found.means, found.standard_errors))
    (starts, errors), (ends, end_errors) = rows
    table(
        f"{name}: {len(latents)} latents",
        ["amount", f"probability of {START}", f"probability of {END}"],
        [
            [f"{amount:g}", f"{a:.3f} ± {ae:.3f}", f"{b:.3f} ± {be:.3f}"]
            for amount, a, ae, b, be in zip(amounts, starts, errors, ends, end_errors, strict=True)
        ],
    )


def answers(model, images: np.ndarray, amounts) -> Image.Image:
    """Draw images in rows, one for each of `amounts`, each with the class that the classifier sees,
    and its probability, below."""
    judge = zoo.load(CLASSIFIER)
    scaled = zoo.data.to_range(images, judge.value_range, source=model.value_range)
    probabilities = judge.probabilities(np.clip(scaled, *judge.value_range))
    cells = []
    for image, p in zip(zoo.data.to_bytes(images, model.value_range), probabilities, strict=True):
        big = image.repeat(SCALE, 0).repeat(SCALE, 1)[..., 0]
        cell = Image.new("L", (big.shape[1], big.shape[0] + LINE), "white")
        cell.paste(Image.fromarray(big), (0, 0))
        place = (big.shape[1] / 2, big.shape[0] + LINE / 2)
        text, font = f"{p.argmax()}: {p.max():.2f}", ImageFont.load_default(FONT)
        ImageDraw.Draw(cell).text(place, text, fill="black", font=font, anchor="mm")
        cells.append(np.asarray(cell)[..., None])
    words = [f"{amount:g}" for amount in amounts]
    return zoo.data.grid(np.stack(cells), len(words), scale=1, column_words=words)


def arithmetic(data: str, n: int, out: Path) -> None:
    """Measure the difference of the mean codes of two digits in `vae_mnist`, and draw it."""
    model = zoo.load("vae_mnist")
    train, test = (zoo.data.read(data, split) for split in ("train", "test"))
    codes = codes_of(model, train)
    means = [zoo.latents.group_mean(codes, train.labels, digit) for digit in (START, END)]
    difference = means[1] - means[0]
    print(f"|mean {END} - mean {START}| = {np.linalg.norm(difference):.3f}")
    ones = codes_of(model, test.select(test.labels == START))
    moved(f"vae_mnist, codes of test {START}s", model, ones, difference, DIFFERENCES)
    shown = np.concatenate(
        [code + np.outer(DIFFERENCES, difference).astype("float32") for code in ones[:4]]
    )
    picture = answers(model, model.sample(latents=shown), DIFFERENCES)
    picture.save(out / "arithmetic_vae_mnist.png", optimize=True)


def direction(data: str, n: int, out: Path) -> None:
    """Measure the direction of the same attribute in the latents of `dcgan_mnist`, and draw it."""
    model = zoo.load("dcgan_mnist")
    attribute = zoo.latents.Attribute(CLASSIFIER, (START, END))
    found = zoo.latents.attribute_direction(model, attribute, n=n, trials=1000)
    print(f"\nthe linear classifier tells {found.share:.3f} of other samples")
    latents = model.sample_latents(20_000, seed=1)
    one = zoo.latents.Attribute(attribute.model, START)
    judged = one.judge(model.sample(latents=latents), model.data).values
    ones = latents[judged > 0.9][:1000]
    moved(f"dcgan_mnist, latents of {START}s", model, ones, found, UNITS)
    shown = np.concatenate([found.move(z[None], a) for z in ones[:4] for a in UNITS])
    picture = answers(model, model.sample(latents=shown), UNITS)
    picture.save(out / "direction_dcgan_mnist.png", optimize=True)


def truncation(data: str, n: int, out: Path) -> None:
    """Measure the truncation of two GANs, and draw their curves."""
    for preset in ("dcgan_mnist", "wgan_gp_mnist"):
        curve = zoo.latents.truncation_curve(zoo.load(preset), data, THRESHOLDS, n=n)
        table(
            f"{preset}, truncation by resampling, {n} samples, {curve.extractor}",
            ["threshold", "precision", "recall", "coverage"],
            [
                ["none" if np.isinf(threshold) else f"{threshold:g}", *numbers]
                for threshold, *numbers in zip(*curve[1:5], strict=True)
            ],
        )
        curve.picture(preset).save(out / f"truncation_{preset}.png", optimize=True)


def fitted(data: str, n: int, out: Path) -> None:
    """Draw samples of `ae_mnist`, with a prior that is fitted to its codes."""
    model, start = zoo.load("ae_mnist"), time.perf_counter()
    sampler = zoo.latents.fit_prior(model, data, components=10, n=2 * n)
    seconds = time.perf_counter() - start
    print(f"\nae_mnist: a mixture of 10 Gaussians, fitted to {2 * n} codes in {seconds:.0f} s")
    picture = zoo.data.grid(sampler.sample(64, seed=0), 8, sampler.value_range, scale=2)
    picture.save(out / "fitted_ae_mnist.png", optimize=True)


def walk(data: str, n: int, out: Path) -> None:
    """Draw a walk by the command."""
    command = "walk dcgan_mnist --seeds 0-15 --columns 4 --frames 60 --fps 15 --scale 2 -o"
    cli.main([*command.split(), str(out / "walk_dcgan_mnist.gif")], standalone_mode=False)


PARTS = {part.__name__: part for part in (walk, arithmetic, direction, truncation, fitted)}


def main() -> None:
    """Run all measurements, or those that are named."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", default="mnist", help="the data set, by name or path")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "pictures" / "latents")
    parser.add_argument("--n", type=int, default=5000, help="samples of each measurement")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="the parts to run")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.only:
        PARTS[name](options.data, options.n, options.out)


if __name__ == "__main__":
    main()
