"""Animations: frames, times, endings, and files that stay where one cannot be written."""

import gc
import importlib.util
import sys
import types

import numpy as np
import pytest
from PIL import Image

import zoo
from zoo.data import animation
from zoo.data.animation import save_animation
from zoo.errors import StorageError

pytestmark = pytest.mark.once


def pictures(n=4, size=(20, 11), mode="L"):
    return [Image.new("L", size, 10 + 60 * i).convert(mode) for i in range(n)]


def read(path):
    """The grey of the middle of each frame, and the times in milliseconds."""
    greys, times = [], []
    with Image.open(path) as file:
        for frame in range(file.n_frames):
            file.seek(frame)
            greys.append(file.convert("RGB").getpixel((10, 5))[0])
            file.load()
            times.append(file.info["duration"])
        assert file.info.get("loop", 0) == 0
    return greys, times


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("suffix", ["gif", "webp"])
def test_frames_and_times(tmp_path, suffix, mode):
    path = save_animation(iter(pictures(mode=mode)), tmp_path / f"a.{suffix}", [0.1, 0.1, 0.1, 0.4])
    assert path == tmp_path / f"a.{suffix}"
    greys, times = read(path)
    np.testing.assert_allclose(greys, [10, 70, 130, 190], atol=4)
    assert times == [100, 100, 100, 400]


def test_rounding_of_a_gif_is_made_up_for(tmp_path):
    _, times = read(save_animation(pictures(4), tmp_path / "a.gif", 1 / 30))
    assert sum(times) == 130
    assert set(times) == {30, 40}
    _, times = read(save_animation(pictures(4), tmp_path / "a.webp", 1 / 30))
    assert sum(times) == 133


def test_errors(tmp_path):
    for path, seconds, message in (
        ("a.png", 0.1, r"path must end in .gif, .webp, .mp4. Received: a.png"),
        ("a.gif", 0.01, "at least 0.02 for a GIF"),
        ("a.gif", 0.0, "seconds must be a finite number above 0"),
    ):
        with pytest.raises(ValueError, match=message):
            save_animation(pictures(), path, seconds)
    with pytest.raises(ValueError, match="pictures must hold a picture"):
        save_animation([], tmp_path / "a.gif")


def test_an_error_leaves_the_earlier_file(tmp_path):
    path = tmp_path / "a.gif"
    save_animation(pictures(2), path)
    before = path.read_bytes()

    def broken():
        yield pictures()[0]
        raise OSError(28, "No space left on device")

    with pytest.raises(StorageError, match="No space left on device"):
        save_animation(broken(), path, [0.1, 0.1])
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.gif"]


def test_a_video_needs_its_extra(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"keras-generative-zoo\[video\]"):
        zoo.data.save_animation(pictures(), tmp_path / "a.mp4")


class Writer(types.ModuleType):
    """Stands for imageio-ffmpeg, and keeps what it is given."""

    def write_frames(self, path, size, **options):
        self.size, self.options, self.frames = size, options, []
        try:
            while True:
                frame = yield
                self.frames.append(np.frombuffer(frame, "uint8").reshape(size[1], size[0], 3))
        finally:
            with open(path, "wb") as file:
                file.write(b"video")


def test_frames_of_a_video(tmp_path, monkeypatch):
    """Of an even size, at the pace of the shortest one."""
    writer = Writer("imageio_ffmpeg")
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", writer)
    monkeypatch.setattr(animation, "check_animation", lambda path: None)
    save_animation(pictures(2), tmp_path / "a.mp4", [0.1, 0.3])
    assert writer.size == (20, 12)
    assert writer.options["fps"] == pytest.approx(10)
    assert [frame[0, 0, 0] for frame in writer.frames] == [10, 70, 70, 70]
    assert (writer.frames[0][-1] == 255).all()
    assert (tmp_path / "a.mp4").read_bytes() == b"video"


@pytest.mark.skipif(
    importlib.util.find_spec("imageio_ffmpeg") is None, reason="imageio-ffmpeg is not installed"
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_video(tmp_path):
    """imageio-ffmpeg leaves the pipes of its processes open, which are closed here."""
    import imageio_ffmpeg

    path = save_animation(pictures(8, (64, 33)), tmp_path / "a.mp4", 0.04)
    reader = imageio_ffmpeg.read_frames(str(path))
    facts = next(reader)
    frames = list(reader)
    reader.close()
    gc.collect()
    assert facts["size"] == (64, 34)
    assert facts["fps"] == pytest.approx(25)
    assert len(frames) == 8
