"""Pictures of images, of classes and of points."""

import numpy as np
import pytest
from PIL import Image

import zoo
from zoo import pictures
from zoo.engine import spaces
from zoo.engine.spaces import Images
from zoo.pictures import colors, matrix, points, sheets

pytestmark = pytest.mark.once
SMALL = {"image_shape": (8, 8, 1), "latent_dim": 4, "width": 2}


def pixels(picture):
    return np.asarray(picture.convert("RGB")).astype(int)


def drawn(picture):
    """Where samples are: much more red than blue."""
    rgb = pixels(picture)
    return rgb[..., 0] - rgb[..., 2] > 40


class Uncentred:
    """As much of a model as a picture needs, with values in [0, 1]."""

    data = Images(4, 4, 1, (0.0, 1.0))
    condition = None

    def sample(self, n, seed):
        return np.linspace(0, 1, n, dtype="float32")[:, None, None, None] * np.ones((1, 4, 4, 1))


class TestNatural:
    """What `zoo sample` shows of a model."""

    def test_of_most_models_are_samples(self):
        model = zoo.create("dcgan", **SMALL)
        expected = pictures.samples(model, n=4, seed=2, columns=2)
        found = pictures.default_picture(model, n=4, seed=2, columns=2)
        np.testing.assert_array_equal(found, expected)

    def test_of_two_latents_is_their_plane(self):
        model = zoo.create("vae", image_shape=(8, 8, 1), latent_dim=2)
        found = np.asarray(pictures.default_picture(model, scale=1))
        assert found.shape == (202, 202)
        # From the left the first latent rises, from the bottom the second: in equal parts of N.
        first = np.array([[-1.959964, 1.959964], [1.959964, -1.959964]], dtype="float32")
        corners = zoo.data.grid(model.sample(latents=first), 1, (0, 1), scale=1)
        np.testing.assert_array_equal(found[2:10, 2:10], np.asarray(corners)[2:10, 2:10])
        np.testing.assert_array_equal(found[-10:-2, -10:-2], np.asarray(corners)[12:20, 2:10])
        # Who asks for samples gets them.
        np.testing.assert_array_equal(
            pictures.default_picture(model, n=9), pictures.samples(model, n=9)
        )

    def test_of_an_autoencoder_are_reconstructions(self):
        model = zoo.create("autoencoder", image_shape=(8, 8, 1), latent_dim=3, width=2)
        images = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 1), dtype="uint8")
        test = zoo.data.Source("some", images, None)
        found = np.asarray(pictures.default_picture(model, test, n=5, columns=3, scale=1))
        assert found.shape == (42, 32)  # three, theirs, two, theirs
        np.testing.assert_array_equal(found[2:10, 12:20], images[1, ..., 0])
        np.testing.assert_array_equal(found[22:30, 12:20], images[4, ..., 0])
        again = model.reconstruct(zoo.data.to_range(images, (0, 1)))
        again = np.asarray(zoo.data.grid(again, 1, (0, 1), scale=1))
        assert np.abs(found[32:40, 12:20].astype(int) - again[42:50, 2:10]).max() <= 1

    def test_of_a_denoising_one_shows_the_noise_too(self):
        model = zoo.create("denoising_autoencoder", image_shape=(8, 8, 1), latent_dim=3)
        test = zoo.data.Source("some", np.full((2, 8, 8, 1), 128, "uint8"), None)
        found = np.asarray(pictures.default_picture(model, test, columns=2, scale=1))
        found = found.astype(float)
        assert found.shape == (32, 22)
        assert found[2:10, 2:10].std() == 0
        assert found[12:20, 2:10].std() > 60  # clipped to what can be shown


class TestImages:
    def test_are_a_grid(self):
        model = zoo.create("dcgan", **SMALL)
        found = pictures.samples(model, scale=1)
        assert found.size == (102, 102)
        np.testing.assert_array_equal(found, zoo.data.grid(model.sample(100, seed=0), scale=1))
        found = pictures.samples(model)
        assert found.size == (582, 582)
        np.testing.assert_array_equal(found, zoo.data.grid(model.sample(100, seed=0)))
        found = pictures.samples(model, n=6, seed=3, columns=3, weights="raw")
        expected = zoo.data.grid(model.sample(6, seed=3, weights="raw"), columns=3)
        np.testing.assert_array_equal(found, expected)

    def test_the_models_own_range_is_shown(self):
        picture = np.asarray(pictures.samples(Uncentred(), n=2, columns=2, scale=1))
        assert picture[3, 3] == 0
        assert picture[3, 9] == 255

    def test_a_row_for_each_class(self):
        model = zoo.create("conditional_gan", num_classes=3, image_shape=(8, 8, 1), latent_dim=4)
        found = pictures.samples(model, scale=1)
        assert found.size == (102, 32)
        expected = model.sample(seed=0, labels=np.repeat([0, 1, 2], 10))
        np.testing.assert_array_equal(found, zoo.data.grid(expected, columns=10, scale=1))
        assert pictures.samples(model, n=6, scale=1).size == (22, 32)
        expected = zoo.data.grid(model.sample(seed=0, labels=[0, 0, 0, 1, 1, 2, 2]), scale=1)
        np.testing.assert_array_equal(pictures.samples(model, n=7, scale=1), expected)

    def test_classes_have_their_names_beside_them(self):
        model = zoo.create("conditional_gan", num_classes=3, image_shape=(8, 8, 1), latent_dim=4)
        model.condition = spaces.Classes(3, ("cat", "dog", "elk"))
        names = ["0 cat", "1 dog", "2 elk"]
        for options, columns, words in (
            ({}, 10, {"row_words": names}),
            ({"labels": "all"}, 10, {"row_words": names}),
            ({"n": 3, "columns": 3}, 3, {"column_words": names}),
            ({"n": 4, "labels": "dog", "columns": 4}, 4, {"column_words": ["1 dog", "", "", ""]}),
            ({"n": 2, "condition": [2, 0], "columns": 2}, 2, {"column_words": ["2 elk", "0 cat"]}),
            ({"n": 3, "columns": 2}, 2, {"row_words": ["0 cat, 1 dog", "2 elk"]}),
        ):
            found = pictures.samples(model, **options)
            n = options.get("n", 30)
            labels = options.get("condition", options.get("labels", np.sort(np.arange(n) % 3)))
            images = model.sample(n, seed=0, labels=labels)
            np.testing.assert_array_equal(found, zoo.data.grid(images, columns, **words))

    def test_rows_of_one_class_have_its_name_once(self):
        rows, headings = sheets.class_words(["a", "a", "a", "b", "c", "c"], 2)
        assert (rows, headings) == (["a", "a, b", "c"], None)
        assert sheets.class_words(["a"] * 4 + ["b"] * 2, 2) == (["a", "", "b"], None)
        assert sheets.class_words(["a", "b", "a", "b", "a"], 2) == (None, ["a", "b"])


class TestPoints:
    def test_of_a_model(self):
        model = zoo.create("gan", image_shape=(2,))
        test = zoo.data.read("line", "test")
        expected = pictures.scatter(model.sample(10_000, seed=0), test)
        np.testing.assert_array_equal(pictures.samples(model, test), expected)

    def test_dots_are_where_the_points_are(self):
        """The frame of the grid of 25 is 1.2 times as wide as its test points."""
        test = zoo.data.read("grid25", "test")
        low, high = test.images.min(axis=0), test.images.max(axis=0)
        side = 1.2 * (high - low).max()
        point = np.array([[1.0, 3.0]], dtype="float32")
        rows, columns = np.nonzero(drawn(pictures.scatter(np.repeat(point, 9, axis=0), test)))
        x, y = ((point[0] - (low + high) / 2) / side + 0.5) * points.SIZE
        assert len(rows) > 0
        assert np.abs(columns - x).max() < 3
        assert np.abs(rows - (points.SIZE - y)).max() < 3

    def test_the_exact_density_is_behind(self):
        board = zoo.data.synthetic.named("checkerboard")
        nothing = np.full((1, 2), 100.0)
        picture = pixels(pictures.scatter(nothing, zoo.data.read("checkerboard", "test")))
        shaded = (picture != 255).any(axis=-1)
        side = 1.2 * 8
        middles = (np.arange(points.SIZE) + 0.5) * side / points.SIZE - side / 2
        x, y = np.meshgrid(middles, middles[::-1])
        inside = np.isfinite(board.log_density(np.stack([x.ravel(), y.ravel()], axis=1)))
        assert np.mean(shaded.ravel() == inside) > 0.98

    def test_real_points_are_behind_where_there_is_no_density(self):
        nothing = np.full((1, 2), 100.0)
        shaded = (pixels(pictures.scatter(nothing, zoo.data.read("spiral", "test"))) != 255).any(-1)
        assert 0.02 < shaded.mean() < 0.3

    @pytest.mark.parametrize("points", [np.zeros((5, 2)), np.array([[0.0, 0], [1, 1], [2, 0]])])
    def test_without_real_points(self, points):
        assert drawn(pictures.scatter(points)).any()

    def test_errors(self):
        with pytest.raises(ValueError, match=r"points must have the shape .* shape \(4, 3\)"):
            pictures.scatter(np.zeros((4, 3)))


def test_after_each_epoch(tmp_path):
    model = zoo.create("gan", image_shape=(2,), latent_dim=2)
    model.compile()
    seen = []

    def picture(model):
        seen.append(model)
        return Image.new("L", (3, 3))

    points = zoo.data.read("ring8", "test").images[:64]
    callbacks = [
        zoo.callbacks.SampleGrids(tmp_path / "new" / "default"),
        zoo.callbacks.SampleGrids(tmp_path / "own", picture),
    ]
    model.fit(points, epochs=2, verbose=0, callbacks=callbacks)
    for folder in ("new/default", "own"):
        names = sorted(p.name for p in (tmp_path / folder).iterdir())
        assert names == ["epoch-0001.png", "epoch-0002.png"]
    assert seen == [model, model]


def test_confusion_shades_what_is_taken_for_what():
    class Classes:
        data, condition = Images(2, 2, 1, (0.0, 1.0)), spaces.Classes(3)

        def classify(self, images):
            return np.array([0, 0, 1, 2, 1])

    source = zoo.data.Source("a", np.zeros((5, 2, 2, 1), "uint8"), np.array([0, 0, 1, 1, 1]))
    picture = np.asarray(pictures.confusion(Classes(), source)).astype(int)
    side = 2 * matrix.CELL
    bottom, right = (length - 3 * (side + 2) for length in picture.shape[:2])
    # The corner of each cell, beside the text: red falls as the share grows.
    corners = picture[bottom + 5 :: side + 2, right + 5 :: side + 2, 0]
    white, full = colors.PAPER[0], colors.SHADE[0]
    share = np.array([[1, 0, 0], [0, 2 / 3, 1 / 3], [0, 0, 0]])  # of the third class there is none
    np.testing.assert_allclose(corners, white + np.sqrt(share) * (full - white), atol=1)


def test_confusion_names_classes_and_takes_every_form_of_labels():
    class Named:
        data, condition = Images(2, 2, 1, (0.0, 1.0)), spaces.Classes(2)

        def classify(self, images):
            return np.array([0, 1, 1])

    images, labels = np.zeros((3, 2, 2, 1), "uint8"), np.array([0, 1, 0])
    sources = [zoo.data.Source("a", images, y) for y in (labels, labels[:, None], labels.tolist())]
    plain, *others = (np.asarray(pictures.confusion(Named(), source)) for source in sources)
    for other in others:
        np.testing.assert_array_equal(other, plain)
    named = sources[0]._replace(classes=("a long name of a class", "dog"))
    picture = np.asarray(pictures.confusion(Named(), named))
    assert picture.shape[0] > plain.shape[0]  # the names above stand upright
    assert picture.shape[1] > plain.shape[1]
    cells = slice(-4 * matrix.CELL, None), slice(-4 * matrix.CELL, None)
    np.testing.assert_array_equal(picture[cells], plain[cells])


def test_rows_of_inputs_have_words():
    model = zoo.create("denoising_autoencoder", image_shape=(8, 8, 1), latent_dim=3)
    test = zoo.data.Source("some", np.full((3, 8, 8, 1), 128, "uint8"), None)
    plain = pictures.reconstructions(model, test, columns=2, scale=1)
    worded = np.asarray(pictures.reconstructions(model, test, columns=2))
    rows = np.asarray(plain)[2:].reshape(-1, 10, plain.width)[:, :8]
    images = [row[:, left : left + 8] for row in rows for left in (2, 12)]
    expected = zoo.data.grid(
        np.stack(images)[..., None], 2, row_words=["clean", "noisy", "denoised"] * 2
    )
    np.testing.assert_array_equal(worded, expected)
    assert (rows[3:, :, 12:20] == 255).all()  # the places of the fourth image are white


def test_scale_is_for_images():
    model = zoo.create("gan", image_shape=(2,))
    plain = pictures.default_picture(model, n=9, scale=1)
    np.testing.assert_array_equal(plain, pictures.default_picture(model, n=9))
    with pytest.raises(ValueError, match="scale enlarges the pixels of images. Received: 2 for po"):
        pictures.default_picture(model, n=9, scale=2)
    with pytest.raises(ValueError, match="scale must be"):
        pictures.default_picture(model, n=9, scale=0)


def test_neighbours_stand_beside_their_image():
    """Of images that are training images, that one comes first; then those nearest to it."""
    levels = np.array([0, 40, 90, 150, 220], dtype="uint8")
    pixels = np.broadcast_to(levels[:, None, None, None], (5, 4, 4, 1)).copy()
    train = zoo.data.Source("levels", pixels, None)
    images = zoo.data.to_range(pixels[[2, 4]])
    picture = np.asarray(pictures.neighbours(images, train, (-1, 1), k=3, scale=1))
    assert picture[2::6, 2::6].tolist() == [[90, 90, 40, 150], [220, 220, 150, 90]]


def test_found_neighbours_have_words():
    levels = np.arange(0, 240, 10, dtype="uint8").reshape(2, 3, 1, 1, 4)
    found = np.broadcast_to(levels, (2, 3, 4, 4, 4))[..., :1]
    images = found[:, 0]
    side_by_side = np.concatenate([images[:, None], found], axis=1).reshape(-1, 4, 4, 1)
    headings = ["sample", "nearest training images", "", ""]
    expected = zoo.data.grid(side_by_side, 4, column_words=headings)
    np.testing.assert_array_equal(pictures.beside_neighbours(images, found), expected)
    words = {"image_word": "copy", "neighbour_word": "nearest", "row_words": ["one", "two"]}
    picture = pictures.beside_neighbours(images, found, **words)
    expected = zoo.data.grid(
        side_by_side, 4, row_words=["one", "two"], column_words=["copy", "nearest", "", ""]
    )
    np.testing.assert_array_equal(picture, expected)
    one = zoo.data.grid(side_by_side[[0, 1, 4, 5]], 2, column_words=["sample", "nearest neighbour"])
    np.testing.assert_array_equal(pictures.beside_neighbours(images, found[:, :1]), one)
    plain = pictures.beside_neighbours(images, found, (0, 255), scale=1, **words)
    np.testing.assert_array_equal(plain, zoo.data.grid(side_by_side, 4, scale=1))


@pytest.mark.parametrize("shape", [(2, 4, 4, 1), (3, 3, 4, 4, 1), (2, 3, 4, 5, 1), (2, 0, 4, 4, 1)])
def test_neighbours_of_other_images_are_an_error(shape):
    with pytest.raises(
        ValueError, match=r"neighbours must hold .* \(2, k, 4, 4, 1\). Received: sh"
    ):
        pictures.beside_neighbours(np.zeros((2, 4, 4, 1)), np.zeros(shape))
