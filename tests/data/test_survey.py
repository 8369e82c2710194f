"""What is counted and named of a folder of mixed pictures, before anything is trained on them."""

import shutil
import zipfile

import numpy as np
import pytest
from photos import KINDS, photos
from PIL import Image

import zoo
from zoo.data.image_format import ImageFormat
from zoo.errors import DataError

pytestmark = pytest.mark.once
COUNT = 30


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folder, and what was written into it."""
    root = tmp_path_factory.mktemp("pictures") / "photos"
    return root, photos(root, COUNT, seed=1)


@pytest.fixture(scope="module")
def seen(made):
    return zoo.data.survey(made[0])


def test_the_same_numbers_write_the_same_pictures(made, tmp_path):
    root, written = made
    assert photos(tmp_path / "again", COUNT, seed=1) == written
    for path in root.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()
    photos(tmp_path / "other", COUNT, seed=2)
    other = tmp_path / "other" / "0000_jpeg.jpg"
    assert other.read_bytes() != (root / "0000_jpeg.jpg").read_bytes()


def test_each_kind_is_read(made, caplog):
    root, written = made
    assert {*written.pictures.values()} == {*KINDS, "copy", "blank"}
    source = zoo.data.read(root, image_size=32)
    assert source.images.shape == (COUNT, 32, 32, 3)
    skipped, changed = (r.message for r in caplog.records if r.name.startswith("zoo"))
    assert skipped.startswith(f"Skipped 2 unreadable of {COUNT + 2} images: ")
    grey = sum(kind in ("grey", "sixteen") for kind in written.pictures.values())
    assert f"{grey} grey made colour; " in changed


def test_what_is_seen(made, seen):
    written = made[1]
    assert seen.name == "photos"
    assert {image.name for image in seen.images} == {*written.pictures}
    assert {*map(tuple, seen.equal_bytes)} == {
        tuple(sorted(pair)) for pair in written.equal_files.items()
    }
    assert {*map(frozenset, seen.equal_pixels)} == {
        frozenset(pair) for pair in written.equal_pictures.items()
    }
    assert seen.one_colour == written.one_colour
    assert seen.few_bytes == ["empty.png"]
    (broken,) = seen.left_out.values()
    assert [text.split()[0] for text in broken] == written.unreadable
    modes = {image.name: image.mode for image in seen.images}
    of_kind = {kind: modes[name] for name, kind in written.pictures.items()}
    assert [of_kind[k] for k in ("grey", "palette", "sixteen", "cmyk", "clear")] == [
        "L", "P", "I;16", "CMYK", "RGBA",
    ]  # fmt: skip
    assert sum(seen.sizes.values()) == COUNT
    turned = {i.shape[:2] for i in seen.images if written.pictures[i.name] == "turned"}
    assert turned == {(72, 48)}  # as they are shown


def test_the_table(seen):
    rows = dict(seen.rows())
    assert rows["formats"].split(", ")[0].endswith(" PNG")
    assert rows["equal files"] == "1 more than once: 0000_jpeg.jpg = copy.jpg"
    assert rows["equal pictures"] == "1 more than once: 0001_colour.png = copy.bmp"
    assert rows["one colour"] == "1: blank.png"
    assert rows["below 128 bytes"] == "1: empty.png"
    assert rows["left out"].startswith("2 that cannot be read: broken.jpg (image file is truncat")
    assert "6 to 72 high, 6 to 144 wide" in rows["height x width"]


def test_what_the_pictures_become(seen):
    text = seen.result(ImageFormat((32, 32), 1, "none"))
    assert text.startswith("grey, 32x32; ")
    assert " in colour made grey; " in text
    assert " squeezed to 32x32; " in text
    assert text.endswith(" enlarged")
    assert "of one size, which image_size chooses (" in seen.result(ImageFormat(None, None))


def test_equal_pixels_in_other_modes(tmp_path):
    grey = Image.fromarray(np.eye(8, dtype="uint8") * 200)
    for mode in ("L", "RGB", "RGBA", "P"):
        grey.convert(mode).save(tmp_path / f"{mode}.png")
    (names,) = zoo.data.survey(tmp_path).equal_pixels
    assert names == ["L.png", "P.png", "RGB.png", "RGBA.png"]


def test_many_copies_have_few_names(tmp_path):
    for i in range(9):
        picture = Image.fromarray(np.full((8, 8), 20 * (i // 2), "uint8"))
        picture.save(tmp_path / f"{i}.png")
    rows = dict(zoo.data.survey(tmp_path).rows())
    assert rows["equal files"] == (
        "4 more than once: 0.png = 1.png, 2.png = 3.png, 4.png = 5.png, 6.png = 7.png"
    )
    assert rows["one colour"] == "9: 0.png, 1.png, 2.png, 3.png, ..."
    assert rows["height x width"] == "9 of 8x8"


def test_classes_splits_and_zip_files(tmp_path):
    for name in ("train/cat/1", "train/cat/2", "train/dog/1", "test/cat/1", "train/stray"):
        place = tmp_path / "set" / f"{name}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.eye(8, dtype="uint8")).save(place)
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for path in sorted((tmp_path / "set").rglob("*.png")):
            archive.write(path, path.relative_to(tmp_path))
    for path in (tmp_path / "set", tmp_path / "set.zip"):
        train = zoo.data.survey(path)
        assert (train.name, train.classes) == ("set", {"cat": 2, "dog": 1})
        assert train.left_out == {"beside the folders of the classes": ["stray.png"]}
        assert len(zoo.data.survey(path, "test").images) == 1


def test_nothing_to_see(tmp_path):
    with pytest.raises(DataError, match="There is no folder or .zip file '.*nowhere'"):
        zoo.data.survey(tmp_path / "nowhere")
    (tmp_path / "a.png").touch()
    with pytest.raises(DataError, match="holds no readable image"):
        zoo.data.survey(tmp_path)


class TestCommand:
    """`zoo data info` and `zoo data preview`."""

    def test_without_a_size(self, run, made):
        code, out, err = run("data", "info", made[0])
        assert (code, err) == (0, "")
        assert f"images           {COUNT}\n" in out
        assert "\nbecome           colour, of one size, which image_size chooses (" in out
        assert "sha256" not in out  # of images of several sizes there is none

    def test_with_a_size(self, run, made, caplog):
        size = ("--image-size", "24x32", "--crop", "none", "--channels", 1)
        code, out, _ = run("data", "info", made[0], *size)
        assert code == 0
        assert "\nbecome           grey, 24x32; " in out
        assert "\nshape            24 x 32 x 1\n" in out
        assert caplog.records == []  # the table has said it
        source = zoo.data.read(made[0], image_size=(24, 32), channels=1, crop="none")
        assert f"sha256           {source.sha256}\n" in out

    def test_of_one_size(self, run, tmp_path):
        for name in ("cat", "dog"):
            (tmp_path / name).mkdir()
            Image.fromarray(np.eye(8, dtype="uint8")).save(tmp_path / name / "1.png")
        out = run("data", "info", tmp_path)[1]
        assert "\nbecome           grey, 8x8\n" in out
        assert "\nclasses          2, 1 each\n" in out
        assert "0 cat, 1 dog" in out
        Image.fromarray(np.eye(9, dtype="uint8")).save(tmp_path / "dog" / "2.png")
        out = run("data", "info", tmp_path)[1]
        assert "\nclasses          2, 1 to 2 each\n" in out

    def test_preview(self, run, made, tmp_path):
        given = ("data", "preview", made[0], "--image-size", 16, "--crop", "none", "-n", 9)
        assert run(*given, "-o", tmp_path / "a.png")[0] == 0
        with Image.open(tmp_path / "a.png") as picture:
            assert picture.mode == "RGB"

    @pytest.mark.parametrize("size", ["8x8x3", "x", "0", "-4", "8.5", ""])
    def test_wrong_sizes(self, run, made, size):
        code, _, err = run("data", "info", made[0], "--image-size", size)
        assert code == 1
        assert "--image-size takes a number such as 64, or a height and a width such as 64x" in err

    def test_names_do_nothing_to_the_terminal(self, run, tmp_path):
        root = tmp_path / "set"
        photos(root)
        shutil.copy(root / "copy.jpg", root / "a\nb\x1b[2K.jpg")
        out = run("data", "info", root)[1]
        assert r"a\nb\x1b[2K.jpg" in out
