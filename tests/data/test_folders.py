"""Folders as they lie on a desktop or a server: what is read, and what is left out in one line."""

import io
import logging
import os
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import zoo
from zoo.data.files import suffixes
from zoo.errors import DataError

pytestmark = pytest.mark.once
BLACK = Image.fromarray(np.zeros((8, 8), "uint8"))
WHITE = Image.fromarray(np.full((8, 8), 255, "uint8"))


def write(root, *names, zipped=False):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        BLACK.save(root / name, "PNG")
    if not zipped:
        return root
    with zipfile.ZipFile(root.with_suffix(".zip"), "w") as file:
        for path in sorted(root.rglob("*")):
            file.write(path, path.relative_to(root))
    return root.with_suffix(".zip")


def read(path, caplog, **options):
    """Return a source and the lines about what was left out."""
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        source = zoo.data.read(path, **options)
    return source, [r.message for r in caplog.records if r.name.startswith("zoo")]


both = pytest.mark.parametrize("zipped", [False, True], ids=["folder", "zip"])


@both
def test_hidden_and_system_folders_are_left_out(tmp_path, caplog, zipped):
    hidden = (
        ".Trash-1000/files/deleted.png",
        ".thumbnails/a.png",
        "cat/.ipynb_checkpoints/1-checkpoint.png",
        "dog/@eaDir/1.png/SYNOPHOTO_THUMB_M.jpg",
        "#recycle/x.png",
        "cat/.2.png",
    )
    path = write(tmp_path / "set", "cat/1.png", "dog/1.png", *hidden, zipped=zipped)
    source, (line,) = read(path, caplog)
    assert (source.classes, source.labels.tolist()) == (("cat", "dog"), [0, 1])
    assert line.startswith(f"Left out of {str(path)!r}: 6 hidden or in hidden or system folders (")
    with pytest.raises(DataError, match="strict=True, and left out of .* are 6 hidden"):
        zoo.data.read(path, strict=True)


def test_metadata_of_macos_is_no_picture(tmp_path, caplog):
    path = write(tmp_path / "set", "cat/1.png", "cat/._1.png", "__MACOSX/cat/._1.png", zipped=True)
    source, lines = read(path, caplog, strict=True)
    assert (len(source.images), lines) == (1, [])


def test_every_kind_of_picture_is_read_or_named(tmp_path, caplog):
    kinds = {
        "tif": "TIFF",
        "jfif": "JPEG",
        "ppm": "PPM",
        "jp2": "JPEG2000",
        "PNG": "PNG",
        "jpe": "JPEG",
    }
    for suffix, kind in kinds.items():
        BLACK.save(tmp_path / f"a.{suffix}", kind)
    (tmp_path / "b.HEIC").write_bytes(b"of a telephone")
    BLACK.save(tmp_path / "c.tga")
    (tmp_path / "readme.txt").write_text("no picture")
    source, (line,) = read(tmp_path, caplog)
    assert len(source.images) == len(kinds)
    assert "2 of kinds that are not read (b.HEIC, c.tga)" in line
    assert ".h5" not in suffixes()
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "b.heic").touch()
    with pytest.raises(DataError, match="holds no image, at any depth"):
        zoo.data.read(tmp_path / "new")


def test_pixels_without_a_known_range_are_named(tmp_path, caplog):
    BLACK.save(tmp_path / "a.png")
    Image.fromarray(np.full((8, 8), 0.5, "float32")).save(tmp_path / "b.tif")
    Image.fromarray(np.full((8, 8), 10**6, "int32")).save(tmp_path / "c.tif")
    source, (line,) = read(tmp_path, caplog)
    assert len(source.images) == 1
    assert "b.tif (its floating-point pixels have no known range)" in line
    assert "c.tif (its pixels from 1000000 to 1000000 are not of 16 bits)" in line


ANIMATED = {"a.gif": "GIF", "b.png": "PNG", "c.webp": "WEBP", "d.tif": "TIFF"}


@both
@pytest.mark.parametrize("limit", [2**31, 0], ids=["memory", "lazy"])
def test_further_pictures_of_a_file_are_named(tmp_path, caplog, zipped, limit):
    path = write(tmp_path / "set", "cat/1.png", "dog/1.png")
    for name, kind in {**ANIMATED, "telephone.jpg": "MPO"}.items():
        black, white = BLACK.copy(), WHITE.copy()  # writing changes them
        black.save(path / "cat" / name, kind, save_all=True, append_images=[white])
    path = write(path, zipped=zipped)
    options = {"image_size": 8, "channels": 1, "memory_limit": limit}
    source, (changed, line) = read(path, caplog, **options)
    assert source.images[:].max() == 0
    assert changed.startswith(f"Of 7 images of {str(path)!r}: 2 in colour made grey")
    assert line == (
        f"Left out of {str(path)!r}: 4 animations or files of several pages, but for the first "
        "picture of each (cat/a.gif, cat/b.png, cat/c.webp, cat/d.tif)"
    )
    with pytest.raises(DataError, match="strict=True, and left out of .* are 4 animations"):
        zoo.data.read(path, **options, strict=True)


def test_what_follows_the_first_picture_may_be_broken(tmp_path):
    file = io.BytesIO()
    BLACK.save(file, "GIF", save_all=True, append_images=[WHITE])
    for i in range(40):
        (tmp_path / f"{i:02}.gif").write_bytes(file.getvalue()[: -1 - i])
    assert zoo.data.read(tmp_path, channels=1).images.shape[0] > 20


def test_further_pictures_of_pairs_are_named(tmp_path, caplog):
    Image.new("L", (16, 8)).save(
        tmp_path / "a.gif", save_all=True, append_images=[Image.new("L", (16, 8), 255)]
    )
    with caplog.at_level(logging.WARNING):
        zoo.data.read_pairs(tmp_path)
    assert caplog.text.count("1 animations or files of several pages") == 1
    with pytest.raises(DataError, match="are 1 animations"):
        zoo.data.read_pairs(tmp_path, strict=True)


@both
def test_folders_without_a_readable_picture_are_named(tmp_path, caplog, zipped):
    path = write(tmp_path / "set", "cat/1.png", "dog/1.png")
    for folder in ("bird", "cow", "eel", ".hidden"):
        (path / folder).mkdir()
    (path / "cow" / "notes.txt").write_text("no picture")
    (path / "eel" / "1.png").write_bytes(b"broken")
    path = write(path, zipped=zipped)
    source, lines = read(path, caplog)
    assert source.classes == ("cat", "dog", "eel")
    assert lines[-1].endswith(": 3 folders in which no picture is readable (bird, cow, eel)")
    path = write(tmp_path / "one", "cat/1.png")
    (path / "dog").mkdir()
    path = write(path, zipped=zipped)
    (line,) = read(path, caplog)[1]
    assert line.endswith(": 1 folders in which no picture is readable (dog)")
    with pytest.raises(DataError, match=r"are 1 folders in which no picture is readable \(dog\)"):
        zoo.data.read(path, strict=True)


@both
def test_empty_folders_of_splits_and_of_flat_sets(tmp_path, caplog, zipped):
    split = write(tmp_path / "split", "train/cat/1.png", "train/dog/1.png", "test/cat/1.png")
    (split / "test" / "dog").mkdir()
    split = write(split, zipped=zipped)
    assert read(split, caplog)[1] == []
    (line,) = read(split, caplog, split="test")[1]
    assert line.endswith("1 folders in which no picture is readable (dog)")
    nested = write(tmp_path / "nested", "set/cat/big/1.png", "set/cat/small/1.png")
    (nested / "set" / "dog").mkdir()
    (line,) = read(write(nested, zipped=zipped), caplog)[1]
    assert line.endswith("1 folders in which no picture is readable (dog)")
    flat = write(tmp_path / "flat", "1.png", "2.png")
    (flat / "notes").mkdir()
    flat = write(flat, zipped=zipped)
    assert read(flat, caplog, strict=True)[1] == []


@both
def test_files_without_the_suffix_of_a_picture_are_named(tmp_path, caplog, zipped):
    path = write(tmp_path / "set", "cat/1.png", "dog/1.png", "cat/2", "cat/3.image", ".git/x")
    for name in ("README", "LICENSE.txt", "labels.csv", "cat/1.json", "Thumbs.db", ".DS_Store"):
        (path / name).write_text("no picture")
    path = write(path, zipped=zipped)
    source, (line,) = read(path, caplog)
    assert len(source.images) == 2
    assert line.endswith(": 2 without the suffix of a picture (cat/2, cat/3.image)")
    with pytest.raises(DataError, match="are 2 without the suffix of a picture"):
        zoo.data.read(path, strict=True)


def test_a_set_without_any_suffix_says_so(tmp_path, caplog):
    write(tmp_path, "1", "2")
    with pytest.raises(DataError, match="holds no image, at any depth"):
        read(tmp_path, caplog)
    assert "2 without the suffix of a picture (1, 2)" in caplog.text


def test_linked_folders_are_classes_or_named(tmp_path, caplog):
    path = write(tmp_path / "set", ".store/cat/1.png", "dog/1.png")
    write(tmp_path / "elsewhere", "1.png", "2.png")
    (path / "cat").symlink_to(path / ".store" / "cat")
    (path / "cow").symlink_to(tmp_path / "elsewhere")
    (path / "dog" / "loop").symlink_to(path)
    source, (line,) = read(path, caplog)
    assert (source.classes, source.labels.tolist()) == (("cat", "cow", "dog"), [0, 1, 1, 2])
    assert line.endswith(": 1 hidden or in hidden or system folders (.store/cat/1.png)")
    path = write(tmp_path / "again", "cat/1.png", "dog/1.png")
    (path / "ant").symlink_to(path / "cat")  # before the folder in the order of names
    (path / "gone").symlink_to(tmp_path / "nowhere")
    source, (line,) = read(path, caplog)
    assert source.classes == ("cat", "dog")
    assert "1 without the suffix of a picture (gone)" in line
    assert "1 links to folders that are read under another name (ant)" in line
    with pytest.raises(DataError, match=r"read under another name \(ant\)"):
        zoo.data.read(path, strict=True)


def test_folders_that_cannot_be_opened_are_named(tmp_path, caplog, monkeypatch):
    path, scan = write(tmp_path / "set", "cat/1.png", "dog/1.png", "owl/1.png"), os.scandir

    def scandir(place):
        if Path(place).name == "dog":
            raise PermissionError(13, "Permission denied", place)
        return scan(place)

    monkeypatch.setattr(os, "scandir", scandir)
    source, (line,) = read(path, caplog)
    assert source.classes == ("cat", "owl")
    assert line.endswith(": 1 folders that cannot be opened (dog)")
    with pytest.raises(DataError, match="are 1 folders that cannot be opened"):
        zoo.data.read(path, strict=True)


def test_folders_of_numbers_have_the_order_of_numbers(tmp_path):
    names = [str(i) for i in range(12)]
    source = zoo.data.read(write(tmp_path / "numbers", *(f"{name}/a.png" for name in names)))
    assert source.classes == tuple(names)
    assert dict(zip(sorted(names), source.labels.tolist(), strict=True))["10"] == 10
    mixed = zoo.data.read(write(tmp_path / "mixed", "10/a.png", "9/a.png", "b/a.png"))
    assert mixed.classes == ("10", "9", "b")


@both
def test_splits_of_any_case(tmp_path, caplog, zipped):
    names = ("Train/cat/1.png", "Train/dog/1.png", "TESTING/dog/1.png", "Valid/cat/1.png")
    path = write(tmp_path / "set", *names, "cover.png", zipped=zipped)
    train, (line,) = read(path, caplog)
    assert (train.classes, train.labels.tolist()) == (("cat", "dog"), [0, 1])
    assert "1 beside the folders of the splits (cover.png)" in line
    assert zoo.data.read(path, "test").labels.tolist() == [1]
    assert zoo.data.read(path, "validation").labels.tolist() == [0]
    flat = write(tmp_path / "flat", "1.png", "2.png", "Test/3.png", zipped=zipped)
    assert [len(zoo.data.read(flat, split).images) for split in ("train", "test")] == [2, 1]


@both
def test_folders_beside_those_of_the_splits_are_named(tmp_path, caplog, zipped):
    """`train` may be the name of a class, too."""
    path = write(tmp_path / "set", "bus/1.png", "car/1.png", "train/1.png", zipped=zipped)
    source, (line,) = read(path, caplog)
    assert len(source.images) == 1
    assert "2 beside the folders of the splits (bus/1.png, car/1.png)" in line
    with pytest.raises(DataError, match="are 2 beside the folders of the splits"):
        zoo.data.read(path, strict=True)


def test_two_folders_of_one_split_are_refused(tmp_path):
    write(tmp_path / "set", "a/train/1.png")
    if (tmp_path / "SET").exists():
        pytest.skip("the file system does not tell upper from lower case")
    path = write(tmp_path / "both", "Train/1.png", "train/2.png")
    with pytest.raises(DataError, match="one folder of the split 'train'. It holds: Train, train"):
        zoo.data.read(path)


@both
def test_a_stray_picture_takes_no_labels_away(tmp_path, caplog, zipped):
    path = write(
        tmp_path / "set", "cat/1.png", "dog/1.png", "dog/2.png", "cover.png", zipped=zipped
    )
    source, (line,) = read(path, caplog)
    assert (source.classes, source.labels.tolist()) == (("cat", "dog"), [0, 1, 1])
    assert "1 beside the folders of the classes (cover.png)" in line
    with pytest.raises(DataError, match="are 1 beside the folders of the classes"):
        zoo.data.read(path, strict=True)


def test_some_folders_in_a_flat_set_are_no_classes(tmp_path, caplog):
    path = write(tmp_path / "set", "1.png", "2.png", "3.png", "a/4.png", "b/5.png")
    source, (line,) = read(path, caplog)
    assert (len(source.images), source.labels) == (5, None)
    assert "2 as classes, since most images lie in no folder (a, b)" in line


@both
def test_a_folder_around_the_set_takes_no_labels_away(tmp_path, zipped):
    names = ("photos/set/cat/1.png", "photos/set/dog/1.png")
    source = zoo.data.read(write(tmp_path / "set", *names, zipped=zipped))
    assert source.classes == ("cat", "dog")
    names = ("photos/train/cat/1.png", "photos/train/dog/1.png", "photos/test/cat/1.png")
    path = write(tmp_path / "split", *names, zipped=zipped)
    assert [len(zoo.data.read(path, split).images) for split in ("train", "test")] == [2, 1]


XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description '
    b'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="3"/></x:xmpmeta>'
)
TOP = Image.fromarray(np.repeat([[255], [0]], [1, 7], axis=0).repeat(8, 1).astype("uint8"))


def png_with_exif_at_the_end() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 3
    data = exif.tobytes().removeprefix(b"Exif\0\0")
    file = io.BytesIO()
    TOP.save(file, "PNG")
    content, end = file.getvalue()[:-12], file.getvalue()[-12:]
    chunk = b"eXIf" + data
    return (
        content + struct.pack(">I", len(data)) + chunk + struct.pack(">I", zlib.crc32(chunk)) + end
    )


@pytest.mark.parametrize("limit", [2**31, 0], ids=["memory", "lazy"])
@pytest.mark.parametrize("where", ["xmp", "end"])
def test_every_orientation_is_read(tmp_path, where, limit):
    if where == "xmp":
        TOP.save(tmp_path / "a.jpg", xmp=XMP, quality=100)
    else:
        (tmp_path / "a.png").write_bytes(png_with_exif_at_the_end())
    image = zoo.data.read(tmp_path, image_size=8, memory_limit=limit).images[:1][0, ..., 0]
    assert image[-1].mean() > 200
    assert image[0].mean() < 50


def test_halves_of_a_pair_are_those_of_the_upright_picture(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down, so that left is right
    pair = np.zeros((8, 16, 3), "uint8")
    pair[:, :8] = 255
    Image.fromarray(pair).save(tmp_path / "a.png", exif=exif)
    inputs, targets = zoo.data.read_pairs(tmp_path, inputs="left")
    assert (inputs.images.max(), targets.images.min()) == (0, 255)


def test_pairs_say_what_is_left_out(tmp_path, caplog):
    Image.fromarray(np.zeros((8, 16, 3), "uint8")).save(tmp_path / "a.png")
    (tmp_path / ".thumbnails").mkdir()
    BLACK.save(tmp_path / ".thumbnails" / "b.png")
    with caplog.at_level(logging.WARNING):
        zoo.data.read_pairs(tmp_path)
    assert "1 hidden or in hidden or system folders" in caplog.text
    with pytest.raises(DataError, match="strict=True, and left out of"):
        zoo.data.read_pairs(tmp_path, strict=True)
