"""What `faults.py` tries: everything that replaces files which were there before."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import os
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
from faults import Scenario, contents
from PIL import Image

import zoo
from zoo.cli import cli
from zoo.files.fetch import sha256, verify
from zoo.presets import checkpoint, golden, locate, storage
from zoo.presets.card import Card, File
from zoo.presets.save import EXAMPLES
from zoo.runs import cards, collection
from zoo.runs.recipe import load_recipe
from zoo.runs.run import Run
from zoo.runs.training import Keeping

NAME = "gan_ring8"  # a preset of the package, small and without data


def model(seed: int) -> keras.Model:
    """Return a tiny model with weights of its own."""
    keras.utils.set_random_seed(seed)
    return zoo.models.GAN(
        generator=zoo.networks.points.generator(2, hidden_layers=1),
        discriminator=zoo.networks.points.discriminator(hidden_layers=1),
        latent_dim=2,
    )


def check_preset(folder: Path, files: Path | None = None) -> None:
    """Raise unless the preset in `folder` is whole, with its card there or at `files`."""
    card = Card.read(folder / "card.json" if files is None else files)
    for name, file in card.weights.files.items():
        verify(folder / name, file.sha256, file.bytes)
    storage.read_model(folder)


def check_picture(path: Path) -> None:
    """Raise unless the file holds a whole picture."""
    with Image.open(path) as picture:
        picture.load()


# Saving


def save(folder: Path, seed: int = 2) -> None:
    """Save a model as a preset."""
    zoo.save(model(seed), folder / "my-gan")


def save_file(folder: Path, seed: int = 2) -> None:
    """Save a model to the files of Keras."""
    made = model(seed)
    made.save(folder / "model.keras")
    made.save_weights(folder / "model.weights.h5")


def check_file(folder: Path) -> None:
    """Raise unless both files of Keras are whole."""
    zoo.load(folder / "model.keras").load_weights(folder / "model.weights.h5")


def push(folder: Path, seed: int = 2) -> None:
    """Push a preset to a folder."""
    source = zoo.save(model(seed), folder.parent / f"saved-{seed}" / "my-gan")
    zoo.push(source, (folder / "at" / "my-gan").as_uri())


# Publishing


@contextlib.contextmanager
def collected(folder: Path) -> Iterator[None]:
    """Let the project's collection lie in `folder` until the end of the block."""
    names = {"CARDS": "cards", "WEIGHTS": "weights", "HUB": "hub"}
    before = {name: getattr(locate, name) for name in names}
    try:
        for name, place in names.items():
            setattr(locate, name, folder / place)
        locate.forget()
        yield
    finally:
        for name, place in before.items():
            setattr(locate, name, place)
        locate.forget()


def publish(folder: Path, seed: int = 2, packaged: bool = True) -> None:
    """Publish a preset with examples."""
    source = zoo.save(model(seed), folder.parent / f"published-{seed}" / "my-gan")
    np.savez(source / EXAMPLES, images=np.full((2, 4, 4, 1), 1, "uint8"))
    card = Card.read(source / "card.json")
    examples = source / EXAMPLES
    card.weights.extras[EXAMPLES] = File(sha256=sha256(examples), bytes=examples.stat().st_size)
    card.write(source / "card.json")
    recipe = dataclasses.replace(load_recipe(locate.RECIPES / f"{NAME}.py"), packaged=packaged)
    with collected(folder):
        collection.publish(recipe, source)


def check_published(folder: Path) -> None:
    """Raise unless the published preset fits its card."""
    check_preset(folder / "weights" / "my-gan", folder / "cards" / "my-gan.json")


def publish_to_hub(folder: Path, seed: int = 2) -> None:
    """Publish a preset to the folder of a hub."""
    publish(folder, seed, packaged=False)


# Cards and pictures


def prepare_described(folder: Path) -> None:
    """Put a preset of the package where a run would have written it."""
    zoo.push(NAME, (folder / "preset").as_uri())


def describe(folder: Path) -> None:
    """Write other texts to the card and the page of a preset."""
    recipe = load_recipe(locate.RECIPES / f"{NAME}.py")
    facts = recipe.facts.model_copy(update={"limits": ["One more."]})
    cards.describe(dataclasses.replace(recipe, facts=facts), folder / "preset")


def prepare_picture(folder: Path) -> None:
    """Put a picture where others will be written."""
    Image.new("L", (8, 8)).save(folder / "samples.png")


def sample(folder: Path) -> None:
    """Draw a picture over one that is there."""
    cli.main(["sample", NAME, "-n", "20", "-o", str(folder / "samples.png")], standalone_mode=False)


def sample_beside(folder: Path) -> None:
    """Draw a picture beside one that is there."""
    with contextlib.chdir(folder):
        cli.main(["sample", NAME, "-n", "20"], standalone_mode=False)


# Downloads


def prepare_hub(folder: Path) -> None:
    """Push two presets to a hub, of which the cache has one."""
    for name in (NAME, "wgan_gp_ring8"):
        zoo.push(name, (folder / "hub" / name).as_uri())
    download(folder, "wgan_gp_ring8")


def download(folder: Path, name: str = NAME) -> None:
    """Fetch a preset from the hub to the cache."""
    before = os.environ.get("ZOO_HOME")
    os.environ["ZOO_HOME"] = str(folder / "home")
    try:
        zoo.load((folder / "hub" / name).as_uri())
    finally:
        os.environ.pop("ZOO_HOME")
        if before is not None:
            os.environ["ZOO_HOME"] = before


def check_downloaded(folder: Path) -> None:
    """Raise unless the cache has whole files alone, and another try succeeds."""
    for name in ("wgan_gp_ring8", NAME):
        download(folder, name)
        (cached,) = (folder / "home" / "presets").glob(f"{name}-*")
        check_preset(cached, folder / "hub" / name / "card.json")


# Training


@dataclasses.dataclass(frozen=True)
class Config(zoo.Config):
    """The settings of the training."""

    data: str = "ring8"
    epochs: int = 2
    batch_size: int = 256


RECIPE = zoo.Recipe(
    preset="tiny_ring8",
    family="gan",
    config=Config(),
    build=lambda config: model(3),
    compile=lambda model, config, steps: model.compile(),
    facts=zoo.Facts(title="A ring.", differs=[], limits=[], data_rights="none"),
    smoke={},
    metrics=("mixture_modes",),
)


def train(folder: Path) -> None:
    """Train, or go on with a training, in `folder/out`."""

    def differences(preset, *files):  # without a new process for each backend
        return {keras.backend.backend(): golden.difference(storage.read_model(preset), preset)}

    compared, golden.differences = golden.differences, differences
    try:
        keeping = Keeping(resume=True)
        run = Run(RECIPE, RECIPE.config, folder / "out", smoke=True, echo=str, keeping=keeping)
        with contextlib.redirect_stdout(io.StringIO()):  # the progress bar
            run.run()
    finally:
        golden.differences = compared


def prepare_training(folder: Path) -> None:
    """Leave a training in its second epoch, beside the preset of an earlier one."""
    train(folder)
    newest = checkpoint.saved(folder / "out" / "checkpoints")[-1]
    for path in newest.iterdir():
        path.unlink()
    newest.rmdir()
    (folder / "out" / "notes.txt").write_text("mine")


def check_training(folder: Path) -> None:
    """Raise unless the preset, the newest checkpoint, the pictures and the user's notes are whole,
    and the training can be finished."""
    out = folder / "out"
    assert (out / "notes.txt").read_text() == "mine"
    check_preset(out / "preset")
    for place in checkpoint.saved(out / "checkpoints"):
        checkpoint.check(place)
    for path in (out / "samples").glob("epoch-*.png"):
        check_picture(path)
    before = contents(out / "preset")
    train(folder)
    check_preset(out / "preset")
    assert before.keys() == contents(out / "preset").keys()


SCENARIOS = {
    "save": Scenario(lambda folder: save(folder, 1), save, lambda f: check_preset(f / "my-gan")),
    "save_file": Scenario(lambda folder: save_file(folder, 1), save_file, check_file, kept=False),
    "push": Scenario(
        lambda folder: push(folder, 1), push, lambda f: check_preset(f / "at" / "my-gan")
    ),
    "publish": Scenario(lambda folder: publish(folder, 1), publish, check_published),
    "publish_to_hub": Scenario(
        lambda folder: publish_to_hub(folder, 1),
        publish_to_hub,
        lambda folder: check_preset(folder / "hub" / "my-gan"),
        kept=False,
    ),
    "describe": Scenario(
        prepare_described, describe, lambda folder: check_preset(folder / "preset")
    ),
    "sample": Scenario(prepare_picture, sample, lambda f: check_picture(f / "samples.png")),
    "sample_beside": Scenario(
        prepare_picture, sample_beside, lambda f: check_picture(f / "samples-1.png")
    ),
    "download": Scenario(prepare_hub, download, check_downloaded, kept=False),
    "train": Scenario(prepare_training, train, check_training, kept=False),
}
