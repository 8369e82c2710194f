"""Files of PyTorch, read without it: both formats, views, and nothing but tensors."""

import collections
import io
import pickle
import zipfile

import keras
import numpy as np
import pytest

from zoo.errors import IntegrityError
from zoo.networks.torch_file import read_tensors

pytestmark = pytest.mark.once
if keras.backend.backend() != "torch":
    pytest.skip("PyTorch writes the files", allow_module_level=True)

import torch

BOTH = pytest.mark.parametrize("zipped", [True, False])


@BOTH
def test_tensors_of_each_kind(zipped, tmp_path):
    base = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4)
    network = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2))
    tensors = collections.OrderedDict(
        base=base,
        transposed=base.permute(2, 0, 1),  # a view with strides of its own
        part=base[1, 1:, ::2],
        scalar=torch.tensor(3),
        empty=torch.zeros(0, 5),
        half=torch.tensor([1.5, -2]).half(),
        double=torch.tensor([1 / 3], dtype=torch.float64),
        truth=torch.tensor([True, False]),
        byte=torch.tensor([255], dtype=torch.uint8),
        parameter=torch.nn.Parameter(torch.ones(2)),
        **network.state_dict(),
    )
    torch.save(tensors, tmp_path / "x.pth", _use_new_zipfile_serialization=zipped)
    found = read_tensors(tmp_path / "x.pth")
    assert list(found) == list(tensors)
    for name, expected in tensors.items():
        expected = expected.detach().numpy()
        assert found[name].dtype == expected.dtype, name
        np.testing.assert_array_equal(found[name], expected)


class Harmful:
    def __reduce__(self):
        return (print, ("this must not be printed",))


@BOTH
def test_code_is_not_run(zipped, tmp_path, capsys):
    torch.save({"x": Harmful()}, tmp_path / "x.pth", _use_new_zipfile_serialization=zipped)
    with pytest.raises(IntegrityError, match="names __builtin__.print, which is no part of a dict"):
        read_tensors(tmp_path / "x.pth")
    assert capsys.readouterr().out == ""


class Changing:
    """Tells the reader to change what it calls."""

    def __reduce__(self):
        return (torch._utils._rebuild_tensor_v2, (), {"__defaults__": (1, 2)})


@BOTH
def test_the_reader_is_not_changed(zipped, tmp_path):
    torch.save({"x": Changing()}, tmp_path / "x.pth", _use_new_zipfile_serialization=zipped)
    with pytest.raises(IntegrityError, match="no file of tensors"):
        read_tensors(tmp_path / "x.pth")
    from zoo.networks import torch_file

    for known in torch_file._KNOWN.values():
        assert not hasattr(known, "__defaults__")


@BOTH
def test_whole_modules_are_refused(zipped, tmp_path):
    torch.save(torch.nn.Linear(1, 1), tmp_path / "x.pth", _use_new_zipfile_serialization=zipped)
    with pytest.raises(IntegrityError, match="names torch.nn"):
        read_tensors(tmp_path / "x.pth")


@BOTH
@pytest.mark.parametrize("content", [[torch.ones(1)], {"x": 3}, {"x": {"y": torch.ones(1)}}])
def test_other_contents_are_refused(zipped, content, tmp_path):
    torch.save(content, tmp_path / "x.pth", _use_new_zipfile_serialization=zipped)
    with pytest.raises(IntegrityError, match="in place of a (dict|tensor)"):
        read_tensors(tmp_path / "x.pth")


@BOTH
def test_broken_files_are_refused(zipped, tmp_path):
    path = tmp_path / "x.pth"
    torch.save({"x": torch.ones(1000)}, path, _use_new_zipfile_serialization=zipped)
    whole = path.read_bytes()
    for broken in (whole[:-500], whole[: len(whole) // 3], b"", b"<html>not found</html>"):
        path.write_bytes(broken)
        with pytest.raises(IntegrityError, match="x.pth|tensor x"):
            read_tensors(path)


def test_a_tensor_that_reaches_out_of_its_numbers_is_refused(tmp_path):
    path = tmp_path / "x.pth"
    torch.save({"x": torch.ones(8)}, path)
    buffer = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, content[:16] if "/data/" in name else content)
    path.write_bytes(buffer.getvalue())
    with pytest.raises(IntegrityError, match="tensor x reaches out of the numbers"):
        read_tensors(path)
    path.write_bytes(pickle.dumps(3))
    with pytest.raises(IntegrityError, match="no file of tensors"):
        read_tensors(path)
