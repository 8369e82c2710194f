"""Folders and zip files whose images start programs, break decoders, block, or fill the memory."""

import io
import logging
import os
import re
import socket
import struct
import subprocess
import warnings
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import zoo
from zoo.data import decode
from zoo.errors import DataError, ZooError

pytestmark = pytest.mark.once
GREY = np.arange(64, dtype="uint8").reshape(8, 8)


def encoded(kind="PNG"):
    file = io.BytesIO()
    Image.fromarray(GREY).save(file, kind)
    return file.getvalue()


def chunk(name, content):
    body = name + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


def png(width, height, *chunks):
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks) + chunk(b"IEND", b"")


EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\n(x) = showpage\n%%EOF\n"
FITS = b"".join(
    line.ljust(80)
    for line in (b"SIMPLE  =                    T", b"BITPIX  =                    8", b"END")
).ljust(2880)
# Contents of a file that is called a picture, by name.
BAD = {
    "EPS": EPS,
    "PostScript": b"%!PS\n(x) = showpage\n",
    "WMF": b"\xd7\xcd\xc6\x9a\x00\x00" + bytes(80),
    "FITS": FITS,
    "MPEG": b"\x00\x00\x01\xb3" + bytes(80),
    "Photoshop": b"8BPS\x00\x01" + bytes(80),
    "nothing": b"",
    "a text": b"this is no picture",
    "a size beyond memory": png(2**31 - 1, 2**31 - 1, chunk(b"IDAT", zlib.compress(b""))),
    "a size of a gibibyte": png(2**15, 2**15, chunk(b"IDAT", zlib.compress(b""))),
    "no width": png(0, 8, chunk(b"IDAT", zlib.compress(b""))),
    "a text of zeros": png(8, 8, chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(2**26)))),
    "a broken transparency": png(8, 8, chunk(b"tRNS", b"x"), chunk(b"IDAT", b"x")),
    "a TIFF of nothing": b"II*\x00\x08\x00\x00\x00" + struct.pack("<H", 65535) + b"\xff" * 64,
    "a circle in a TIFF": b"II*\x00\x08\x00\x00\x00\x00\x00\x08\x00\x00\x00",
    "a GIF of nothing": b"GIF89a" + struct.pack("<HH", 8, 8) + b"\xff\xff\xff",
    "a WebP of nothing": b"RIFF\xff\xff\xff\xffWEBPVP8 " + bytes(40),
    "a JPEG 2000 of nothing": b"\x00\x00\x00\x0cjP  \r\n\x87\n" + bytes(40),
    "a BMP of nothing": b"BM" + b"\xff" * 60,
    "a PPM of nothing": b"P6\n99999999 99999999\n255\n",
}


@pytest.fixture
def folder(tmp_path):
    """A folder with one good image."""
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "good.png").write_bytes(encoded())
    return tmp_path / "set"


@pytest.fixture(params=["folder", "zip"])
def written(request, folder):
    """A function that adds a file to a set with one good image, and returns the set's path."""

    def write(name, content):
        if request.param == "folder":
            (folder / name).write_bytes(content)
            return folder
        path = folder.with_suffix(".zip")
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(folder / "good.png", "good.png")
            archive.writestr(name, content)
        return path

    return write


@pytest.fixture(autouse=True)
def no_program(monkeypatch):
    def refuse(*args, **_):
        raise AssertionError(f"a program was started: {args}")

    for name in ("Popen", "run", "call", "check_call", "check_output"):
        monkeypatch.setattr(subprocess, name, refuse)


@pytest.mark.parametrize("limit", [2**31, 0], ids=["memory", "lazy"])
@pytest.mark.parametrize("attack", BAD)
def test_bad_images_are_named_and_left_out(written, bounded, caplog, attack, limit):
    path = written("bad.png", BAD[attack])
    options = {"image_size": 8, "channels": 1, "memory_limit": limit}
    with bounded(), caplog.at_level(logging.WARNING), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's own
        images = zoo.data.read(path, **options).images[:]
        with pytest.raises(DataError, match="strict=True, and .*bad.png"):
            zoo.data.read(path, **options, strict=True).images[:]
    np.testing.assert_array_equal(images[0, ..., 0], GREY)
    assert "bad.png (" in caplog.text
    assert len(caplog.text) < 600


@pytest.mark.parametrize("error", [IndexError, struct.error, MemoryError, KeyError, AssertionError])
def test_whatever_a_decoder_raises(folder, caplog, monkeypatch, error):
    (folder / "bad.png").write_bytes(encoded())
    original = decode.upright

    def upright(image):
        if Path(image.fp.name).name == "bad.png":
            raise error
        return original(image)

    monkeypatch.setattr(decode, "upright", upright)
    assert len(zoo.data.read(folder).images) == 1
    assert f"bad.png ({error.__name__})" in caplog.text


def test_formats_are_listed_and_opened_in_one_place():
    assert {"PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "JPEG2000"} <= {*decode.formats()}
    places = [
        path.name
        for path in (Path(zoo.__file__).parent / "data").glob("*.py")
        if re.search(r"^(?! *(>>>|\.\.\.)).*Image\.open", path.read_text(), flags=re.MULTILINE)
    ]
    assert places == ["decode.py"]


def plant(folder):
    """Put what is no file into `folder`, under the names of images."""
    os.mkfifo(folder / "pipe.png")
    for device in ("zero", "full"):
        (folder / f"{device}.png").symlink_to(f"/dev/{device}")
    (folder / "linked.png").symlink_to(folder / "pipe.png")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(folder / "socket.png"))


def test_what_is_no_file(folder, bounded, caplog):
    plant(folder)
    with bounded():
        assert len(zoo.data.read(folder).images) == 1
    assert "5 devices, pipes or sockets (full.png, linked.png, pipe.png, socket.png" in caplog.text


def test_what_takes_the_place_of_a_file(folder, bounded, caplog, monkeypatch):
    """They were files when the folder was listed, and are none when they are opened."""
    plant(folder)
    for module in ("data.listing", "files.regular"):
        monkeypatch.setattr(f"zoo.{module}.is_special", lambda _: False)
    with bounded():
        assert len(zoo.data.read(folder).images) == 1
    for name in ("pipe", "zero", "full", "linked", "socket"):
        assert f"{name}.png (" in caplog.text


def test_arrays_and_zip_files_that_are_pipes(tmp_path, bounded):
    for name in ("a.zip", "a.npz"):
        os.mkfifo(tmp_path / name)
        with bounded(), pytest.raises(ZooError, match=name):
            zoo.data.read(tmp_path / name)


def test_names_cannot_forge_lines(folder, caplog):
    (folder / "bad\nzoo: error: forged \x1b]0;owned\x07.png").write_bytes(b"")
    (folder / "left\nzoo: error: out\x1b[2K.tga").write_bytes(b"")
    zoo.data.read(folder)
    assert r"bad\nzoo: error: forged \x1b]0;owned\x07.png" in caplog.text
    assert r"left\nzoo: error: out\x1b[2K.tga" in caplog.text
    assert len(caplog.text.splitlines()) == 2
    with pytest.raises(DataError) as caught:
        zoo.data.read(folder, strict=True)
    assert "\n" not in str(caught.value)


def zipped(path, method, write):
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("good.png", encoded())
        write(archive)
    return path


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_bombs(tmp_path, bounded, caplog, method):
    size = 2**29 if method == zipfile.ZIP_DEFLATED else 2**25

    def write(archive):
        with archive.open("bad.png", "w", force_zip64=True) as file:
            file.write(encoded())
            for _ in range(size // 2**20):
                file.write(bytes(2**20))

    path = zipped(tmp_path / "a.zip", method, write)
    with bounded():
        if method == zipfile.ZIP_DEFLATED:
            assert len(zoo.data.read(path).images) == 1
            assert "bad.png" in caplog.text
            assert "ZOO_FILE_LIMITS=" in caplog.text
        else:
            with pytest.raises(DataError, match="no readable image"):
                zoo.data.read(path)
            assert "compressed by the method" in caplog.text


def test_members_that_overlap(tmp_path, bounded):
    """Each of many members has the same bytes."""
    path = zipped(tmp_path / "a.zip", zipfile.ZIP_STORED, lambda _: None)
    content = path.read_bytes()
    start = content.index(b"PK\x01\x02")
    end = content.index(b"PK\x05\x06")
    entry = content[start:end]
    entries = entry * 1000
    tail = bytearray(content[end:])
    tail[8:12] = struct.pack("<HH", 1000, 1000)
    tail[12:16] = struct.pack("<L", len(entries))
    path.write_bytes(content[:start] + entries + tail)
    with bounded(), pytest.raises(DataError, match="no whole zip file|states|broken"):
        zoo.data.read(path)


def test_a_long_list_of_members(tmp_path, bounded, monkeypatch):
    path = zipped(
        tmp_path / "a.zip",
        zipfile.ZIP_STORED,
        lambda archive: [archive.writestr(f"{i}.txt", b"") for i in range(2000)],
    )
    monkeypatch.setattr("zoo.data.files.MEMBERS", 10_000)
    with bounded(), pytest.raises(DataError, match="bytes in its list of members, .*times"):
        zoo.data.read(path)
