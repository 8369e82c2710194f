"""The device of a new process, by its environment."""

import pytest

from zoo.base.devices import environment, share_memory, variables

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("device", "shown", "expected"),
    [
        ("cpu", None, ("", "cpu", "cpu")),
        ("gpu", None, (None, None, None)),
        ("gpu", "2,3", ("2,3", None, None)),
        ("gpu:1", None, ("1", None, None)),
        ("gpu:1", "2,GPU-8a", ("GPU-8a", None, None)),
    ],
)
def test_each_backend_computes_on_it(monkeypatch, device, shown, expected):
    for name in ("JAX_PLATFORMS", "KERAS_TORCH_DEVICE"):
        monkeypatch.setenv(name, "cpu")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if shown is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", shown)
    found = environment(device)
    names = ("CUDA_VISIBLE_DEVICES", "JAX_PLATFORMS", "KERAS_TORCH_DEVICE")
    assert tuple(found.get(name) for name in names) == expected
    assert found["PATH"]


@pytest.mark.parametrize("device", ["tpu", "gpu:", "gpu:x", "GPU", "cpu:0", ""])
def test_other_devices(device):
    with pytest.raises(ValueError, match="--device takes 'cpu', 'gpu' or 'gpu:N'.* Received: "):
        variables(device)


def test_a_gpu_that_is_hidden(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,3")
    with pytest.raises(ValueError, match="CUDA_VISIBLE_DEVICES='2,3' shows. Received: 'gpu:2'"):
        variables("gpu:2")


def test_the_users_choice_of_memory_stays(monkeypatch):
    monkeypatch.setenv("TF_FORCE_GPU_ALLOW_GROWTH", "false")
    share_memory()
    assert environment("gpu")["TF_FORCE_GPU_ALLOW_GROWTH"] == "false"
    monkeypatch.delenv("TF_FORCE_GPU_ALLOW_GROWTH")
    share_memory()
    assert environment("gpu")["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"
