"""`.npz` files with forged headers, bombs, broken members, and arrays that are no images."""

import io
import struct
import zipfile

import numpy as np
import pytest

import zoo
from zoo.errors import DataError

pytestmark = pytest.mark.once
IMAGES = np.arange(5 * 4 * 4, dtype="uint8").reshape(5, 4, 4, 1)
LABELS = np.arange(5)


def header(text, version=(1, 0), length=None):
    """The head of an array with this text, which is Python."""
    text = text.encode()
    form = "<H" if version == (1, 0) else "<L"
    return b"\x93NUMPY" + bytes(version) + struct.pack(form, length or len(text)) + text


def stating(shape, dtype="|u1", content=b"", **more):
    fields = f"{{'descr': {dtype!r}, 'fortran_order': False, 'shape': {shape}}}\n"
    return header(fields, **more) + content


def array(values):
    file = io.BytesIO()
    np.save(file, values)
    return file.getvalue()


def of_objects():
    file = io.BytesIO()
    np.save(file, np.array([{"an": "object"}], dtype=object), allow_pickle=True)
    return file.getvalue()


IMAGE = array(IMAGES)
# Contents of the member x.npy that are no images, by name, and what the error says.
ARRAYS = {
    "a shape of a terabyte": (stating((10**12,)), "states uint8 of shape"),
    "a shape beyond integers": (stating((10**30,)), "states uint8 of shape"),
    "a product beyond integers": (stating((2**33, 2**33)), "states uint8 of shape"),
    "a negative shape": (stating((-5, 4, 4, 1), content=b"x"), "its shape is"),
    "two negative sides": (stating((-5, -4, 4, 1), content=bytes(80)), "its shape is"),
    "a shape of truths": (stating((True, 4, 4, 1), content=bytes(16)), "its shape is|is none"),
    "a type of long texts": (stating((1,), "<U500000000"), "states <U500000000"),
    "more numbers than stated": (IMAGE + b"more", "and it has"),
    "fewer numbers than stated": (IMAGE[:-1], "and it has"),
    "no numbers": (stating((0, 4, 4, 1)), "8-bit"),
    "images without width": (array(np.zeros((5, 0, 0, 1), "uint8")), "8-bit"),
    "objects": (of_objects(), "holds object in 'x'"),
    "records": (array(np.zeros(3, [("a", "u1"), ("b", "f4")])), "Allowed: arrays of numbers"),
    "dates": (array(np.array(["2026-11-29"], "M8[D]")), "Allowed: arrays of numbers"),
    "nothing": (b"", "no array of NumPy"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(50), "no array of NumPy"),
    "an unknown version": (header("{}", version=(9, 0)), "its format is"),
    "an endless header": (header("{", (2, 0), length=2**32 - 1), "header states 4,294,967,295"),
    "a header of brackets": (header("(" * 9_000), "header is none"),
    "a header of code": (header("__import__('os').abort()"), "header is none"),
    "a header without a shape": (header("{'descr': '|u1'}"), "header is none"),
    "a header that ends": (IMAGE[:9], "broken at 'x'"),
}


def write(path, x, method=zipfile.ZIP_STORED, **others):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in {"x": x, **others}.items():
            archive.writestr(f"{name}.npy", content)
    return path


@pytest.mark.parametrize("attack", ARRAYS)
def test_arrays(tmp_path, bounded, attack):
    content, message = ARRAYS[attack]
    path = write(tmp_path / "bad.npz", content)
    with bounded(), pytest.raises(DataError, match=message) as caught:
        zoo.data.read(path)
    assert "bad.npz" in str(caught.value)
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize("command", ["evaluate", "sample"])
def test_commands_say_one_line(tmp_path, run, command):
    path = write(tmp_path / "bad.npz", stating((10**12,)))
    arguments = {
        "evaluate": ("gan_ring8", "--data", path),
        "sample": ("gan_ring8", "--data", path, "-o", tmp_path / "out.png"),
    }[command]
    code, _, err = run(command, *arguments)
    assert code != 0
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_bombs(tmp_path, bounded, method):
    zeros = np.zeros((2**12, 128, 128, 1), "uint8")  # 64 MiB
    path = write(tmp_path / "bad.npz", array(zeros), method)
    with bounded(), pytest.raises(DataError, match="memory_limit=|bzip2|method"):
        zoo.data.read(path, memory_limit=2**25)
    if method == zipfile.ZIP_DEFLATED:
        assert zoo.data.read(path, memory_limit=2**26).images.shape == zeros.shape


def test_arrays_count_together(tmp_path):
    zeros = np.zeros((2**10, 32, 32, 1), "uint8")  # 1 MiB
    labels = np.zeros(2**10, "int64")  # 8 KiB
    path = write(tmp_path / "a.npz", array(zeros), zipfile.ZIP_DEFLATED, y=array(labels))
    with pytest.raises(DataError, match="memory_limit="):
        zoo.data.read(path, memory_limit=zeros.nbytes)
    assert zoo.data.read(path, memory_limit=zeros.nbytes + labels.nbytes).labels is not None


def test_broken_files(tmp_path, bounded):
    """Any byte may be wrong, and any end may be missing."""
    path = write(tmp_path / "a.npz", IMAGE, zipfile.ZIP_DEFLATED, y=array(LABELS))
    good = path.read_bytes()
    expected = zoo.data.read(path)
    rng = np.random.default_rng(0)
    with bounded(seconds=10):
        for _ in range(300):
            bad = bytearray(good)
            bad[rng.integers(len(bad))] ^= 1 << rng.integers(8)
            if rng.integers(4) == 0:
                bad = bad[: rng.integers(len(bad))]
            path.write_bytes(bad)
            try:
                found = zoo.data.read(path)
            except DataError:
                continue
            np.testing.assert_array_equal(found.images, expected.images)
            np.testing.assert_array_equal(found.labels, expected.labels)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.arange(4), "as many as images"),
        (np.eye(5, dtype="int64"), "integer labels of shape"),
        (np.zeros((5, 2), "int64"), "integer labels of shape"),
        (np.zeros(5), "integer labels of shape"),
    ],
)
def test_labels(tmp_path, labels, message):
    path = write(tmp_path / "a.npz", IMAGE, y=array(labels))
    with pytest.raises(DataError, match=message):
        zoo.data.read(path)


def test_what_numpy_writes_is_read(tmp_path):
    for save in (np.savez, np.savez_compressed):
        for images in (IMAGES, np.asfortranarray(IMAGES), IMAGES[::2]):
            save(tmp_path / "a.npz", x=images, y=LABELS[: len(images)])
            found = zoo.data.read(tmp_path / "a.npz")
            np.testing.assert_array_equal(found.images, images)
            np.testing.assert_array_equal(found.labels, LABELS[: len(images)])
