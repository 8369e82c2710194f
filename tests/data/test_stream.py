"""Streams of batches: arrays, points and folders train with the base installation, without the
extra `data`."""

import threading
import time

import numpy as np
import pytest
from helpers import python
from PIL import Image

import zoo
from zoo.data.stream import Stream

ABSENT = "grain tensorflow_datasets array_record importlib_resources etils"
PROGRAM = """
import sys
import numpy as np
import zoo

ring = zoo.data.load("ring8", batch_size=64)
model = zoo.create("gan", image_shape=(2,), latent_dim=2, units=8)
model.compile()
model.fit(ring, epochs=2, steps_per_epoch=2, verbose=0)
folder = zoo.save(model, sys.argv[1] + "/preset")
assert np.allclose(zoo.load(folder).sample(5, seed=0), model.sample(5, seed=0), atol=0.02)

photos = np.random.default_rng(0).integers(0, 256, (20, 10, 12, 3), dtype=np.uint8)
model = zoo.create("gan", image_shape=(8, 8, 3), latent_dim=2, units=8)
model.compile()
for images, options in [
    (photos[:, :8, :8], {}),
    (photos, {"image_size": 8, "flip": True, "crop": "random"}),
    (sys.argv[1] + "/images", {"image_size": 8, "memory_limit": 0}),
]:
    model.fit(zoo.data.load(images, batch_size=4, **options), steps_per_epoch=2, verbose=0)
try:
    zoo.data.load(sys.argv[1] + "/images", **options, decoding_processes=1, batch_size=4).stream()
except zoo.errors.DataError as error:
    print(error)
"""


@pytest.mark.once
def test_the_base_installation_trains(tmp_path):
    (tmp_path / "images").mkdir()
    for index in range(8):
        Image.new("RGB", (9, 8), (index, 0, 0)).save(tmp_path / "images" / f"{index}.png")
    (tmp_path / "program.py").write_text(
        "\n".join(["if __name__ == '__main__':", *(f"    {line}" for line in PROGRAM.split("\n"))])
    )
    done = python(tmp_path / "program.py", tmp_path, ZOO_TEST_ABSENT=ABSENT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("decoding_processes needs the extra 'data': pip install")


def test_steps_come_in_order_from_any_step():
    for threads in (0, 3):
        stream = Stream(lambda step: step**2, start=5, threads=threads)
        iterator = iter(stream)
        assert [next(iterator) for _ in range(6)] == [25, 36, 49, 64, 81, 100]
        iterator.set_state({"next_index": 1})
        assert next(iterator) == 36
        assert iterator.get_state() == {"next_index": 2}
        assert stream[100] == 105**2
        assert next(iter(stream)) == 25


def test_threads_prepare_the_next_steps():
    asked, four = [], threading.Event()

    def step(number):
        asked.append(number)
        if len(asked) == 4:
            four.set()
        return number

    assert Stream(step, threads=2)[0] == 0
    assert four.wait(10)
    time.sleep(0.05)
    assert sorted(asked) == [0, 1, 2, 3]


def test_an_error_of_a_thread_reaches_the_reader():
    def step(number):
        raise zoo.errors.DataError(f"step {number} is broken")

    for threads in (0, 2):
        with pytest.raises(zoo.errors.DataError, match="step 7 is broken"):
            next(iter(Stream(step, start=7, threads=threads)))


def test_all_kinds_of_images_stream_their_steps(tmp_path):
    """Also several epochs on, with labels, from arrays and from files."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for index in range(5):
            image = np.full((8, 9 + index, 3), 20 * index, "uint8")
            Image.fromarray(image).save(tmp_path / name / f"{index}.png")
    options = {"image_size": 8, "crop": "random", "flip": True, "batch_size": 4}
    for limit in (0, 2**20):
        batches = zoo.data.load(tmp_path, memory_limit=limit, **options)
        stream = iter(batches.stream(3))
        for step in range(3, 8):
            for found, expected in zip(next(stream), batches.step(step), strict=True):
                np.testing.assert_array_equal(found, expected)
