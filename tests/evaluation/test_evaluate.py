"""`zoo.evaluate`: what its numbers are of, what its protocols say, and what it refuses."""

import importlib
import tracemalloc

import keras
import numpy as np
import pytest

import zoo
from zoo import metrics
from zoo.data import Source, synthetic, to_bytes, to_range
from zoo.engine import spaces
from zoo.engine.model import Model
from zoo.engine.tasks import Samples
from zoo.evaluation import sets
from zoo.networks.features import Pixels

pytestmark = pytest.mark.once
module = importlib.import_module("zoo.evaluation.evaluate")  # hidden by its function
RNG = np.random.default_rng(0)
REAL = RNG.integers(60, 200, (90, 8, 8, 1), dtype="uint8")
TRAIN = RNG.integers(60, 200, (90, 8, 8, 1), dtype="uint8")
LABELS = np.arange(90) % 3


class Sampler(Samples, Model):
    """Makes noise around `mean`, or what `made` says."""

    generate = None

    def __init__(
        self, mean=0.0, made=None, image_shape=(8, 8, 1), num_classes=None, name="sampler"
    ):
        super().__init__(name=name)
        self.mean, self.made = mean, made
        self.data = spaces.of_shape(image_shape, (-1.0, 1.0))
        self.condition = spaces.classes_or_none(num_classes)

    def sample(self, n, seed, condition=None):
        if self.made is not None:
            return self.made(n, seed, condition)
        noise = np.random.default_rng(seed).normal(self.mean, 0.3, (n, *self.data.shape))
        return np.clip(noise, -1, 1).astype("float32")

    def sample_batches(self, n, seed=None, condition=None, batch_size=256):
        images = self.sample(n, seed, condition)
        for start in range(0, n, batch_size):
            rows = slice(start, start + batch_size)
            yield images[rows], None if condition is None else condition[rows]


def evaluated(model=None, names="fid", data=REAL, n=80, **kwargs):
    kwargs = {"extractor": "pixels", "train": None, **kwargs}
    return zoo.evaluate(Sampler() if model is None else model, data, names, n, **kwargs)


def flat(images):
    return images.reshape(len(images), -1) / 255


@pytest.mark.filterwarnings("ignore:fid")
def test_numbers_are_those_of_the_metrics():
    report = evaluated(names=["fid", "kid", "prdc"], seeds=[4, 7], train=TRAIN)
    fakes = [flat(to_bytes(Sampler().sample(80, seed))) for seed in (4, 7)]
    rows = np.sort(np.random.default_rng(0).permutation(90)[:80])
    real, train = flat(REAL[rows]), flat(TRAIN[rows])
    for name, function in (
        ("fid", metrics.frechet_distance),
        ("kid", metrics.kernel_distance),
        ("recall", lambda a, b: metrics.prdc(b, a)["recall"]),
        ("density", lambda a, b: metrics.prdc(b, a)["density"]),
    ):
        values = [function(fake, real) for fake in fakes]
        assert report[name].value == pytest.approx(np.mean(values), rel=1e-6), name
        assert report[name].spread == pytest.approx(np.std(values, ddof=1), rel=1e-4, abs=1e-9)
        assert report[name].real_baseline == pytest.approx(
            function(train, real), rel=1e-6, abs=1e-9
        )
        assert report[name].seeds == [4, 7]
    assert report["kid"].standard_error > 0
    protocol = report["density"].protocol
    assert protocol.name == "prdc(k=5)/pixels/arrays/80:80"
    assert protocol.images == "8x8x1 8-bit"
    assert protocol.data_sha256 == Source("", REAL[rows], None).sha256
    assert protocol.extractor_sha256 == Pixels.sha256


TESTS = (zoo.evaluation.MMDTest(size=40), zoo.evaluation.ClassifierTest(size=40))


@pytest.mark.parametrize("part", [7, 512])
def test_parts_and_order_do_not_matter(part, monkeypatch):
    monkeypatch.setattr(sets, "PART", part)
    names = ["fid", "kid", "prdc", "memorisation", *TESTS]
    found = evaluated(names=names, data=REAL[::-1], train=TRAIN, n=90)
    monkeypatch.undo()
    expected = evaluated(names=names, train=TRAIN, n=90)
    for a, b in zip(found.measurements, expected.measurements, strict=True):
        assert a.value == pytest.approx(b.value, rel=1e-9)
        assert a.real_baseline == pytest.approx(b.real_baseline, rel=1e-9, abs=1e-9)


def test_an_unwritable_cache_costs_a_warning(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ZOO_HOME", str(tmp_path / "file"))
    with pytest.warns(UserWarning, match="Statistics of real images are not kept: .*ZOO_HOME"):
        report = evaluated(names="kid", seeds=1)
    assert report == evaluated(names="kid", seeds=1, cache=False)


def test_names_and_labels_that_change_nothing_are_no_part_of_the_protocol():
    def network():
        return keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten()])

    one = evaluated(names="kid", extractor=network(), seeds=1)
    other = evaluated(names="kid", extractor=network(), seeds=1, data=(REAL, LABELS))
    assert one["kid"].protocol == other["kid"].protocol
    assert one == other


def test_images_of_another_shape_and_the_same_bytes_are_not_the_same():
    wide = Sampler(image_shape=(16, 4, 1))
    first = evaluated(names="kid", seeds=1)
    other = evaluated(wide, "kid", REAL.reshape(90, 16, 4, 1), seeds=1)
    assert first["kid"].protocol.hash != other["kid"].protocol.hash


def peak(n):
    class Endless(Sampler):
        def sample_batches(self, n, seed=None, condition=None, batch_size=256):
            for start in range(0, n, batch_size):
                yield self.sample(min(batch_size, n - start), seed + start), None

    tracemalloc.start()
    evaluated(Endless(), n=n, seeds=1, cache=False)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


def test_memory_of_fid_does_not_grow_with_the_number_of_samples():
    peak(600)
    assert peak(12_000) < 1.1 * peak(1_500)


def test_same_seed_same_numbers_and_other_seeds_spread():
    first, again = (evaluated(names="kid") for _ in range(2))
    assert first == again
    assert first["kid"].spread > 0
    assert first["kid"].seeds == [0, 1, 2]
    assert evaluated(names="kid", seeds=1)["kid"].spread is None


@pytest.mark.parametrize(
    "data",
    [
        Source("mine", REAL, None),
        zoo.data.load(REAL, labels=False, batch_size=7),
        to_range(REAL),
        REAL,
        (REAL, LABELS),
    ],
    ids=["source", "batches", "floats", "bytes", "labelled"],
)
def test_what_trains_a_model_measures_it_too(data):
    expected = evaluated(names="kid", data=Source("mine", REAL, None))["kid"]
    assert evaluated(names="kid", data=data)["kid"].value == pytest.approx(expected.value)


# Real images are looked at once


class Counting(Pixels):
    """Counts the images it has seen."""

    def __init__(self, name="counting"):
        self.name, self.seen = name, 0

    def __call__(self, images):
        self.seen += len(images)
        return super().__call__(images)


def test_reference_statistics_are_kept(monkeypatch, tmp_path):
    monkeypatch.setenv("ZOO_HOME", str(tmp_path))
    counting = Counting()
    first = evaluated(names=["fid", "kid"], extractor=counting, seeds=1, n=90)
    assert counting.seen == 180
    again = evaluated(names=["fid", "kid"], extractor=counting, seeds=1, n=90)
    assert counting.seen == 270  # samples alone
    assert again == first
    (file,) = (tmp_path / "statistics").iterdir()
    evaluated(names="kid", extractor=Counting("another"), seeds=1, n=90)
    evaluated(names="kid", extractor=counting, seeds=1, data=REAL[::-1], n=90)
    assert len(list((tmp_path / "statistics").iterdir())) == 3
    # What is broken is made anew.
    for content in (file.read_bytes()[:-30], b"", b"PK\x03\x04"):
        file.write_bytes(content)
        assert evaluated(names=["fid", "kid"], extractor=counting, seeds=1, n=90) == first
    assert evaluated(names=["fid", "kid"], extractor=counting, seeds=1, n=90, cache=False) == first


def test_fewer_samples_than_real_images():
    made = zoo.create("made", image_shape=(8, 8, 1), hidden_units=(8,))
    names = ["kid", zoo.evaluation.LogLikelihood(pixels="sampled")]
    found = evaluated(made, names, n=80, samples=60, seeds=1, train=TRAIN)
    protocols = [found[name].protocol for name in ("kid", "log_likelihood")]
    assert [(p.n_real, p.n_fake) for p in protocols] == [(80, 60), (80, None)]
    alone = evaluated(made, names[1:], n=80, seeds=1)
    assert alone["log_likelihood"].value == found["log_likelihood"].value
    assert found["kid"].real_baseline is not None  # of 60 training images
    with pytest.raises(ValueError, match="samples must be a whole number of at least 2.*1"):
        evaluated(names="kid", n=60, samples=1, seeds=1)


def test_few_real_images_are_compared_with_fewer_samples():
    assert evaluated(names="kid", n=None, seeds=1)["kid"].protocol.n_fake == 1_000


def test_what_is_kept_grows_by_what_is_needed(monkeypatch, tmp_path):
    monkeypatch.setenv("ZOO_HOME", str(tmp_path))
    counting = Counting()
    for names in ("fid", "kid", ["fid", "prdc"]):
        kept = evaluated(names=names, extractor=counting, seeds=1)
        fresh = evaluated(names=names, extractor=counting, seeds=1, cache=False)
        assert kept == fresh
    assert len(list((tmp_path / "statistics").iterdir())) == 1


# Metrics


def test_modes_of_a_mixture():
    def some(modes):
        mixture = synthetic.named("ring8")
        mixture.means = mixture.means[:modes]
        return Sampler(
            made=lambda n, seed, _: mixture.sample(n, seed + 10),
            image_shape=(2,),
        )

    report = zoo.evaluate(some(8), "ring8", n=4000)
    assert [report[k].value for k in ("modes_covered", "mode_share")] == [8, 1]
    assert report["high_quality"].value == pytest.approx(1 - np.exp(-4.5), abs=0.004)
    assert report["high_quality"].real_baseline == pytest.approx(1 - np.exp(-4.5), abs=0.006)
    assert zoo.evaluate(some(3), "ring8", n=1000)["modes_covered"].value == 3
    with pytest.raises(ValueError, match="'mixture_modes' is for mixtures .* data 'spiral'"):
        zoo.evaluate(some(8), "spiral", "mixture_modes")
    with pytest.raises(ValueError, match="'mixture_modes' counts the modes of points"):
        zoo.evaluate(some(8), "ring8", "modes")


def test_points_are_told_from_their_density():
    ring = synthetic.named("ring8")
    points = {"image_shape": (2,)}
    good = Sampler(made=lambda n, seed, _: ring.sample(n, seed + 10), **points)
    moved = Sampler(made=lambda n, seed, _: 1.3 * ring.sample(n, seed + 10), **points)
    names = [
        zoo.evaluation.MMDTest(size=300),
        zoo.evaluation.EnergyTest(size=300),
        zoo.evaluation.ClassifierTest(size=400),
    ]
    fine, wrong = (zoo.evaluate(m, "ring8", names, n=600, seeds=4) for m in (good, moved))
    for name in ("mmd", "energy", "c2st"):
        assert fine[f"{name}_p_value"].value > 0.05
        assert wrong[f"{name}_p_value"].value < 0.01
        assert fine[f"{name}_p_value"].spread is None
        assert wrong[name].value > fine[name].value
    assert wrong["c2st"].value > 0.9


class Brightness(Pixels):
    """Three classes, by the mean of the pixels: the classifier of `shades`."""

    name = "brightness"
    has_classes = True
    image_shape = (8, 8, 1)

    def __call__(self, images):
        level = images.reshape(len(images), -1).mean(axis=1)
        far = -np.square(level[:, None] - np.array([[60, 130, 200]])) / 200
        p = np.exp(far - far.max(axis=1, keepdims=True))
        return super().__call__(images)._replace(probabilities=p / p.sum(axis=1, keepdims=True))


class Grey(Pixels):
    """Takes colour images alone, of any size."""

    image_shape = (None, None, 3)


def shades(labels):
    levels = np.array([60, 130, 200])[labels]
    return np.broadcast_to(levels[:, None, None, None], (len(labels), 8, 8, 1)).astype("uint8")


def test_classes_of_conditional_samples():
    data = (shades(LABELS), LABELS)

    def made(wrong):
        def sample(n, seed, labels):
            mixed = np.where(np.random.default_rng(seed).random(n) < wrong, 0, labels)
            return to_range(shades(mixed))

        return Sampler(made=sample, num_classes=3)

    names = ["label_accuracy", "modes", "class_entropy", "inception_score"]
    good = zoo.evaluate(made(0), data, names, n=90, extractor=Brightness())
    assert good["label_accuracy"].value == good["mode_share"].value == good["confident"].value == 1
    assert good["mode_kl"].value == pytest.approx(0, abs=1e-9)
    assert good["class_entropy"].value == pytest.approx(np.log(3))
    assert good["inception_score"].value == pytest.approx(3, abs=1e-3)
    poor = zoo.evaluate(made(0.6), data, names, n=90, extractor=Brightness(), train=data)
    assert poor["label_accuracy"].value == pytest.approx(1 - 0.6 * 2 / 3, abs=0.1)
    assert poor["label_accuracy"].real_baseline == 1
    wrong = (shades(LABELS), (LABELS + 1) % 3)
    report = zoo.evaluate(made(0), wrong, names, n=90, extractor=Brightness())
    assert report["label_accuracy"].real_baseline == 0  # of the test images
    assert poor["mode_kl"].value > 0.05
    none = zoo.evaluate(made(1), data, names, n=90, extractor=Brightness())
    assert none["modes_covered"].value == 1
    assert none["inception_score"].value == pytest.approx(1)
    with pytest.raises(ValueError, match="'label_accuracy' is for conditional models. Received: S"):
        evaluated(names="label_accuracy", extractor=Brightness())
    with pytest.raises(ValueError, match="need an extractor with classes. Received: 'pixels'"):
        evaluated(names="modes")


def test_unsure_samples_show_no_class():
    """Between the first and the second shade, nearer to the second."""

    def sample(n, seed, labels):
        images = shades(np.arange(n) % 3)
        return to_range(np.where(images == 130, 96, images).astype("uint8"))

    data = (shades(LABELS), LABELS)
    report = zoo.evaluate(Sampler(made=sample), data, "modes", n=90, extractor=Brightness())
    assert report["modes_covered"].value == 3
    assert report["confident"].value == pytest.approx(2 / 3)
    assert report["confident_modes"].value == 2
    assert report["confident_modes"].real_baseline == 3


def test_memorised_images_are_found():
    train, test = RNG.integers(0, 256, (2, 100, 8, 8, 1), dtype="uint8")
    copying = Sampler(made=lambda n, seed, _: to_range(train[np.arange(n) % 100]))
    fresh = Sampler(
        made=lambda n, seed, _: to_range(
            np.random.default_rng(100 + seed).integers(0, 256, (n, 8, 8, 1), dtype="uint8")
        )
    )
    copied, new = (
        zoo.evaluate(model, test, "memorisation", n=100, train=train) for model in (copying, fresh)
    )
    assert (copied["copies"].value, copied["nearest_distance"].value) == (1, 0)
    assert new["copies"].value < 0.1
    assert new["nearest_distance"].value == pytest.approx(
        new["nearest_distance"].real_baseline, rel=0.05
    )
    assert copied["copies"].real_baseline == pytest.approx(0.01, abs=0.01)
    with pytest.raises(ValueError, match="'memorisation' looks at training images: train= is need"):
        evaluated(names="memorisation")


def test_training_images_are_part_of_the_protocol():
    for name in ("memorisation", zoo.evaluation.Parzen(validation=20)):
        one, other = (evaluated(names=name, train=train) for train in (TRAIN, TRAIN[:50]))
        for a, b in zip(one.measurements, other.measurements, strict=True):
            assert (a.protocol.n_train, b.protocol.n_train) == (90, 50)
            assert a.protocol.hash != b.protocol.hash
        with pytest.raises(zoo.errors.ProtocolError, match="train_sha256 .*, n_train 90 != 50"):
            zoo.evaluation.compare(one, other)
    assert evaluated(names="kid", train=TRAIN)["kid"].protocol.n_train is None


def test_a_set_is_no_scale_of_itself():
    with pytest.warns(UserWarning, match="training and test images are the same"):
        report = evaluated(names="kid", train=REAL)
    assert report["kid"].real_baseline is None
    with pytest.warns(UserWarning, match="are not scored .*: there are 50 training images"):
        report = evaluated(names="kid", train=TRAIN[:50])
    assert report["kid"].real_baseline is None
    assert evaluated(names="kid", train=TRAIN)["kid"].notes == []
    with pytest.raises(ValueError, match="looks at training images, which are the test ima"):
        evaluated(names="memorisation", train=REAL)


def test_p_values_of_several_seeds_are_one():
    """Of samples of the real distribution at most one in twenty is 0.05 or below."""
    metric = zoo.evaluation.EnergyTest(size=30, permutations=99)
    found = []
    for i in range(100):
        rng = np.random.default_rng(i)
        model = Sampler(
            made=lambda n, seed, _, i=i: np.random.default_rng((i, seed)).normal(size=(n, 2)),
            image_shape=(2,),
        )
        real = rng.normal(size=(60, 2)).astype("float32")
        report = zoo.evaluate(model, real, metric, n=40, seeds=3, cache=False)
        found.append(report["energy_p_value"].value)
    assert np.mean(np.array(found) <= 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 100)
    assert 0 < np.min(found) < 0.5 < np.max(found) <= 1
    # Each alone is uniform: twice the mean of three is what is reported.
    alone = [zoo.evaluate(model, real, metric, n=40, seeds=[s], cache=False) for s in (0, 1, 2)]
    mean = np.mean([r["energy_p_value"].value for r in alone])
    assert found[-1] == pytest.approx(min(1, 2 * mean))


def test_parzen_windows():
    report = evaluated(names="parzen", train=TRAIN, n=90, seeds=2)
    sets = [flat(to_bytes(Sampler().sample(90, seed))) for seed in (0, 1)]
    found = [metrics.parzen_log_likelihood(fake, flat(TRAIN), flat(REAL)) for fake in sets]
    assert report["parzen"].value == pytest.approx(np.mean([f.mean for f in found]), rel=1e-5)
    errors = np.mean([f.standard_error for f in found])
    assert report["parzen"].standard_error == pytest.approx(errors, rel=1e-4)


# What is refused


def test_too_few_samples_warn_and_are_named():
    with pytest.warns(UserWarning, match="fid: 60 images for features of 64 dimensions"):
        report = evaluated(n=60)
    (note,) = report["fid"].notes
    assert "covariance is singular" in note
    assert note in str(report)
    assert not evaluated(n=80)["fid"].notes


def test_wrong_samples_are_refused():
    for value, message in ((np.nan, "samples that are not finite"), (3.0, "samples must hold val")):
        broken = Sampler(made=lambda n, *_, v=value: np.full((n, 8, 8, 1), v, "float32"))
        with pytest.raises(ValueError, match=message):
            evaluated(broken)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (np.full((9, 8, 8, 1), np.nan, "float32"), "data must be finite"),
        (to_range(REAL) * 40, "data must hold values in .* Received: values from"),
        (REAL.repeat(3, axis=-1), r"data must hold images of shape \(8, 8, 1\), .* \(8, 8, 3\)"),
        (REAL[:, :7], r"Received: images of shape \(7, 8, 1\)"),
        (REAL.astype("int64"), "8-bit images, or float images .* Received: int64"),
        (REAL[:1], "two images or more. Received: 1"),
        (REAL // 200, "8-bit images, from 0 to 255. Received: values up to 1 alone"),
        (REAL.astype("float32") / 255, "Received: no negative value. zoo.data.to_range"),
        (None, "data is needed"),
    ],
    ids=["nan", "range", "channels", "size", "type", "one", "binary", "shifted", "none"],
)
def test_wrong_data_are_refused(data, message):
    with pytest.raises(ValueError, match=message):
        evaluated(data=data)


def test_wrong_arguments_are_refused():
    for kwargs, message in (
        ({"names": "fidd"}, "Unknown metric: 'fidd'. Nearest: fid"),
        ({"names": []}, "metrics holds none"),
        ({"names": ["prdc", "precision_recall"]}, "metrics gives precision, recall more than once"),
        ({"n": 1}, "n must be a whole number of at least 2"),
        ({"seeds": 0}, "seeds must be a whole number of at least 1"),
        ({"weights": "raw"}, "Unknown argument of evaluate: 'weights'"),
        ({"names": "elbo"}, "'elbo' is for models with log_prob. Received: Sampler"),
        ({"names": "accuracy"}, "'accuracy' is for classifiers"),
        ({"names": "reconstruction"}, "'reconstruction' is for models with reconstruct"),
        ({"extractor": "vgg"}, "Unknown extractor: 'vgg'. .*pixels"),
        ({"extractor": 3}, "extractor must be a name, a Keras model"),
        ({"extractor": None}, "No extractor was trained on the data 'arrays': the argument extr"),
        (
            {"extractor": "classifier_mnist"},
            r"takes images of shape \(28, 28, 1\). Received",
        ),
        ({"names": "kid", "n": 4, "extractor": Grey()}, r"takes images of shape \(any, any, 3\)"),
        ({"seeds": [1, 1]}, r"seeds must differ. Received: \[1, 1\]"),
        ({"names": zoo.evaluation.PRDC}, "metrics must hold names or .* Received: <class"),
        ({"names": "precision"}, "Unknown metric: 'precision'. .* It is a number of 'prdc'"),
        ({"names": [Pixels()]}, "metrics must hold names or zoo.evaluation.Metric objects"),
        ({"names": "mmd"}, "size of the metric 'mmd' must be below .* 80. Received: 1000"),
    ):
        with pytest.raises(ValueError, match=message):
            evaluated(**kwargs)
    with pytest.raises(ValueError, match="model_or_preset must be a model of this package"):
        zoo.evaluate(3, REAL)
    with pytest.raises(ValueError, match="data must have labels for Sampler"):
        evaluated(Sampler(num_classes=3))
    with pytest.raises(ValueError, match="'fid' is for models that make samples. Received: Auto"):
        zoo.evaluate(zoo.create("ae", image_shape=(8, 8, 1), width=2), REAL, "fid")
