"""Trainings that start from another model: what is carried over, said, recorded and refused."""

import shutil

import numpy as np
import pytest
from helpers import array
from program import arrays
from small import TINY, run, run_of

import zoo
from zoo.engine.attached import own_variables
from zoo.engine.carrying import carry, weighted
from zoo.errors import ArgumentError, IntegrityError
from zoo.presets import checkpoint, storage
from zoo.presets.card import Base
from zoo.runs.ownership import Ownership

RESEARCH = Base(preset="faces", weights_license="other", data_rights="research", sha256="0" * 64)
UNKNOWN = RESEARCH.model_copy(update={"weights_license": "unknown"})
FREE = RESEARCH.model_copy(update={"weights_license": "Apache-2.0"})
NOTICE = RESEARCH.model_copy(update={"weights_license": "cc-by-4.0"})
PUBLIC = RESEARCH.model_copy(update={"weights_license": "cc0-1.0"})


def first_step(out):
    return checkpoint.place_of(out / "checkpoints", 0)


def started(recipe, data, out, start, settings=None, **options):
    """Trains on from `start`; returns what the run said, and the arrays before its first step."""
    said = []
    config = recipe.config.replace(**{**TINY, "epochs": 1, "data": str(data), **(settings or {})})
    run_of(recipe, config, out, start=str(start), say=said.append, keep=9, **options).run()
    return said, arrays(first_step(out) / storage.WEIGHTS)


@pytest.mark.once
@pytest.mark.usefixtures("compared_here")
class TestRuns:
    def test_from_a_run_under_a_name(self, recipe, slice_path, trained, tmp_path):
        """All layers are those of its preset; the card says so, and is the user's own."""
        owned = Ownership(name="mine", title="Digits of mine.", license="cc-by-4.0")
        said, found = started(recipe, slice_path, tmp_path, trained, {"few": True}, ownership=owned)
        assert (
            "started from dcgan_mnist: the whole generator, the whole discriminator, the whole "
            "ema_generator" in said
        )
        preset = zoo.load(trained)
        kept = [array(v) for v in preset.generator.weights]
        for value in kept:
            assert any(np.array_equal(value, other) for other in found.values())
        card = zoo.info(tmp_path)
        assert card.name == "mine"
        assert card.identity.title == "Digits of mine."
        assert card.rights.weights == "cc-by-4.0"
        base = zoo.info(trained)
        assert card.training.base.preset == base.name
        assert card.training.base.sha256 == base.weights.files["model.weights.h5"].sha256
        assert "Its training started from dcgan_mnist." in card.identity.differs
        page = (tmp_path / "preset" / "README.md").read_text()
        assert "base_model" not in page  # it is at no repository of Hugging Face
        assert "Its training started from dcgan_mnist." in page
        assert "# mine\n" in page
        assert 'zoo.load("path/to/mine").sample(64' in page
        assert 'zoo.load("dcgan_mnist")' not in page
        # With `few`:
        (line,) = [line for line in said if line.startswith("for few images")]
        assert "mirrored" in line
        assert "DiffAugment" in line
        assert "2 of 4 layers of it are frozen" in line
        assert card.training.settings["few"] is True
        model = zoo.load(tmp_path)
        for of_model, of_preset in zip(
            *(weighted(each.discriminator)[0].weights for each in (model, preset)), strict=True
        ):
            np.testing.assert_array_equal(array(of_model), array(of_preset))
        assert all(layer.trainable for layer in model.discriminator.layers)

    def test_from_a_checkpoint_with_other_widths(self, ring, tmp_path):
        small = {"epochs": 1, "batch_size": 512}
        first = run_of(ring, ring.config.replace(**small), tmp_path / "first")
        first.run()
        (*_, place) = checkpoint.saved(tmp_path / "first" / "checkpoints")
        step = checkpoint.step_of(place)
        for out, latent_dim, expected in (
            ("same", 2, f"gan_ring8, step {step}: the whole generator"),
            ("other", 3, "generator 3 of 4 layers"),
        ):
            said = []
            config = ring.config.replace(**small, latent_dim=latent_dim)
            run_of(ring, config, tmp_path / out, start=str(place), say=said.append).run()
            (line,) = [line for line in said if line.startswith("started from")]
            assert expected in line
        # Trainings with other seeds start there too, where the first one is continued.
        config = ring.config.replace(**small, latent_dim=2)
        run_of(ring, config, tmp_path / "same", resume=True).run_seeds(2)
        base = zoo.info(tmp_path / "same" / "seed-1").training.base
        assert base == zoo.info(tmp_path / "same").training.base
        # What is continued needs its start no more, and takes no other.
        shutil.rmtree(place)
        run_of(ring, config, tmp_path / "same", resume=True).run()
        assert zoo.info(tmp_path / "same").training.base.preset == f"gan_ring8, step {step}"
        again = run_of(ring, config, tmp_path / "same", resume=True, start="gan_ring8")
        with pytest.raises(ArgumentError, match="--from must be left out, since .*started from '/"):
            again.run()

    def test_what_cannot_be_a_start(self, recipe, ring, slice_path, trained, tmp_path):
        place = checkpoint.saved(trained / "checkpoints")[-1]
        for start, message in (
            ("nothing_at_all", "Unknown preset: 'nothing_at_all'"),
            ("gan_ring8", "--from must be a model of images. Received: 'gan_ring8'"),
            ("vae_mnist_2d", "with a layer like one of this DCGAN"),
        ):
            with pytest.raises(ValueError, match=message):
                run(recipe, slice_path, tmp_path / "out", start=start, anew=True)
            assert not (tmp_path / "out" / "preset").exists()
        with pytest.raises(ArgumentError, match="with a layer like one of this GAN"):
            run_of(ring, ring.config, tmp_path / "ring", start=str(place)).run()
        torn = tmp_path / "torn"
        shutil.copytree(place, torn)
        (torn / storage.WEIGHTS).write_bytes(b"")
        with pytest.raises(IntegrityError, match="torn is not whole: model.weights.h5 is damaged"):
            run(recipe, slice_path, tmp_path / "out", start=str(torn), anew=True)


def gan(**changes):
    config = {"image_shape": (8, 8, 1), "architecture": "dcgan", "width": 2, "latent_dim": 4}
    return zoo.create("gan", **{**config, **changes})


@pytest.mark.parametrize(
    ("changes", "anew"),
    [
        ({}, {"generator": 0, "discriminator": 0, "ema_generator": 0}),
        ({"image_shape": (8, 8, 3)}, {"generator": 1, "discriminator": 1, "ema_generator": 1}),
        ({"num_classes": 3}, {"generator": 2, "discriminator": 1, "ema_generator": 2}),
        ({"latent_dim": 5}, {"generator": 1, "discriminator": 0, "ema_generator": 1}),
    ],
    ids=str,
)
def test_layers_that_are_alike(changes, anew):
    """They have the source's weights, and all others their own."""
    source, target = gan(), gan(**changes)
    before = {id(v): array(v).copy() for v in target.variables}
    carried = {each.network: each for each in carry(source, target)}
    assert set(carried) == {"generator", "discriminator", "ema_generator"}
    for each in carried.values():
        layers = weighted(getattr(target, each.network))
        assert (each.of, each.of - len(each.layers)) == (len(layers), anew[each.network])
        paired = []
        for i, layer in enumerate(layers):
            for variable in own_variables(layer):
                if i in each.layers:
                    paired.append(array(variable))
                else:
                    np.testing.assert_array_equal(array(variable), before[id(variable)])
        # In the order of the source, whose other layers are skipped.
        values = iter(
            array(v)
            for layer in weighted(getattr(source, each.network))
            for v in own_variables(layer)
        )
        assert all(any(np.array_equal(value, other) for other in values) for value in paired)


@pytest.mark.once
def test_few_images_of_other_models():
    """An autoencoder has no discriminator; a new GAN is not frozen."""
    vae = zoo.create("vae", image_shape=(8, 8, 1), hidden_units=(4,))
    vae.compile()
    assert vae.suit_few(weighted(vae.encoder)) == []
    model = gan()
    model.compile()
    (change,) = model.suit_few([])
    assert "DiffAugment" in change
    assert model.augmentation is not None
    points = zoo.create("gan", image_shape=(2,), units=4)
    points.compile()
    assert points.suit_few([]) == []
    model.fit(np.zeros((4, 8, 8, 1), "float32"), batch_size=4, verbose=0)


@pytest.mark.once
class TestOwnership:
    def facts(self, license="unknown", data_rights="mine"):
        return zoo.Facts(
            title="T.", differs=[], limits=[], data_rights=data_rights, license=license
        )

    def test_restrictions_are_carried_on(self):
        for owned in (Ownership(), Ownership(license="other")):
            owned.check(self.facts(), RESEARCH)
            facts = owned.applied(self.facts(), RESEARCH)
            assert facts.license == "other"
            assert facts.data_rights == "mine; and of faces, from which it started: research"

    @pytest.mark.parametrize(
        ("of_data", "of_start", "expected"),
        [
            ("unknown", FREE, "unknown"),
            ("Apache-2.0", UNKNOWN, "unknown"),
            ("Apache-2.0", FREE, "Apache-2.0"),
            ("other", FREE, "other"),
            ("cc-by-sa-4.0", FREE, "cc-by-sa-4.0"),
            ("cc-by-sa-4.0", RESEARCH, "other"),
            ("cc-by-nc-4.0", None, "cc-by-nc-4.0"),
            ("cc0-1.0", NOTICE, "cc-by-4.0"),
            ("cc-by-4.0", PUBLIC, "cc-by-4.0"),
            ("cc0-1.0", None, "cc0-1.0"),
        ],
    )
    def test_the_stricter_licence(self, of_data, of_start, expected):
        assert Ownership().applied(self.facts(of_data), of_start).license == expected

    def test_a_licence_of_ones_own(self):
        """Where nothing binds."""
        owned = Ownership(license="mit")
        for base in (UNKNOWN, FREE, None):
            owned.check(self.facts(), base)
            assert owned.applied(self.facts(), base).license == "mit"

    def test_a_more_liberal_licence_needs_a_reason(self):
        for facts, base, expected in (
            (self.facts(), RESEARCH, "--license must be 'other'.*of faces: research"),
            (self.facts("cc-by-sa-4.0", "shared alike"), None, "'cc-by-sa-4.0'.*data: shared"),
        ):
            with pytest.raises(ArgumentError, match=expected):
                Ownership(license="mit").check(facts, base)
        with pytest.raises(ArgumentError, match="--license must be 'cc-by-4.0'"):
            Ownership(license="cc0-1.0").check(self.facts("cc0-1.0"), NOTICE)
        Ownership(license="mit").check(self.facts("cc0-1.0"), NOTICE)  # it asks for a notice, too
        owned = Ownership(license="mit", license_override="The photographs are mine.")
        owned.check(self.facts(), RESEARCH)
        facts = owned.applied(self.facts(), RESEARCH)
        assert facts.license == "mit"
        assert facts.limits == [
            "Its licence is not the one that follows, other: The photographs are mine."
        ]

    @pytest.mark.parametrize(
        ("wishes", "message"),
        [
            ({"name": "My GAN"}, "--name must be of small letters"),
            ({"name": "dcgan_mnist"}, "'dcgan_mnist', the name of another preset"),
            ({"name": "a" * 101}, "--name must have at most 100 characters. Received: 101"),
            ({"title": "a\nb"}, "--title must be one line"),
            ({"title": "a\rb"}, "--title must be one line"),
            ({"license": "CC BY 4.0"}, "--license must be an identifier, such as 'cc-by-4.0'"),
            ({"license": " "}, "--license must be one line"),
            ({"license_override": "because"}, "without --license"),
        ],
    )
    def test_wrong_wishes(self, wishes, message):
        with pytest.raises(ArgumentError, match=message):
            Ownership(**wishes)


@pytest.mark.once
def test_on_the_command_line(run, tmp_path, compared_here):
    """In one command each: train from a preset under a name, look at it, sample it."""
    small = ("--smoke", "--set", "batch_size=64", "--measure", "none", "--out", tmp_path / "out")
    code, out, err = run("train", "gan_ring8", *small, "--from", "gan_ring8", "--name", "mine")
    assert code == 0, err
    assert "started from gan_ring8: the whole generator" in out
    assert run("info", tmp_path / "out")[1].startswith("mine: ")
    code, *_ = run("sample", tmp_path / "out", "-o", tmp_path / "a.png")
    assert code == 0
    assert (tmp_path / "a.png").stat().st_size > 0
    for mode in ("--describe", "--remeasure"):
        code, _, err = run("train", "gan_ring8", mode, "--publish", "--epochs", "3")
        assert code == 1
        assert (
            f"{mode} trains nothing, and takes no option of a training. Received: --epochs" in err
        )
    for option in (("--from", "gan_ring8"), ("--name", "mine"), ("--title", "T.")):
        code, _, err = run("train", "gan_ring8", "--publish", *option)
        assert code == 1
        assert f"--publish is for the recipe as it stands. Received: {' '.join(option)}" in err
