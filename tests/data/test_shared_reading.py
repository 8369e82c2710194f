"""Of a set that does not fit in memory, each process reads the files of its own rows alone."""

import numpy as np
import pytest
from PIL import Image

import zoo
from zoo.data import files

pytestmark = pytest.mark.once

N = 24


@pytest.fixture
def source(tmp_path):
    """24 pictures of different sizes in bytes, which are read when they are needed."""
    rng = np.random.default_rng(0)
    for i in range(N):
        pixels = rng.integers(0, 2 + 10 * i, (8, 8, 3), dtype="uint8")
        Image.fromarray(pixels).save(tmp_path / f"{i:02}.png")
    return zoo.data.read(tmp_path, image_size=8, memory_limit=0)


@pytest.fixture
def reads(monkeypatch):
    """The files that are opened from now on, and their bytes."""
    opened, open_regular = {}, files.open_regular

    def noting(path):
        opened[path.name] = path.stat().st_size
        return open_regular(path)

    monkeypatch.setattr(files, "open_regular", noting)
    return opened


def test_batches(source, reads):
    options = {"image_size": 8, "memory_limit": 0, "batch_size": 8, "seed": 3}
    batches = zoo.data.load(source.images.items.root, **options)
    reads.clear()  # heads alone
    of_each = []
    for index in range(2):
        for number in range(N // 8):
            batches.sharded(index, 2).batch(0, number)
        of_each.append(dict(reads))
        reads.clear()
    assert not of_each[0].keys() & of_each[1].keys()
    assert len(of_each[0]) == len(of_each[1]) == N / 2
    whole = sum(path.stat().st_size for path in source.images.items.root.iterdir())
    assert sum(of_each[0].values()) + sum(of_each[1].values()) == whole


def test_the_hash(source, reads):
    expected = source.sha256
    reads.clear()
    parts, of_each = [], []
    for index in range(3):
        source.hashed(process=(index, 3), total=lambda x: parts.append(x) or x)
        of_each.append(set(reads))
        reads.clear()
    assert [len(names) for names in of_each] == [N / 3] * 3
    assert set.union(*of_each) == {f"{i:02}.png" for i in range(N)}
    assert source.hashed(process=(1, 3), total=lambda x: sum(parts)) == expected
