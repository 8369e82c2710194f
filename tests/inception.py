"""Random weights and images for the FID's network, ours and torch-fidelity's."""

import tempfile
from pathlib import Path

import keras
import numpy as np

GOLDEN = Path(__file__).parent / "assets" / "inception.npz"
SIZES = ((32, 32), (48, 64), (299, 299), (320, 310))
GOLDEN_SIZES = SIZES[:2]
EACH = 8  # of so many features the golden file has one


def images(size):
    rng = np.random.default_rng(size)
    smooth = rng.integers(0, 256, (2, 4, 4, 3)).repeat(size[0] // 4 + 1, 1)
    smooth = smooth.repeat(size[1] // 4 + 1, 2)[:, : size[0], : size[1]]
    return ((smooth + rng.integers(0, 64, smooth.shape)) % 256).astype("uint8")


def random_tensors(network):
    """Tensors by torch-fidelity's names, the same each time; large enough that features vary."""
    rng = np.random.default_rng(0)
    found = {}
    for layer in network.layers:
        name = layer.name.replace("-", ".")
        if isinstance(layer, keras.layers.Conv2D):
            height, width, channels, filters = layer.kernel.shape
            shape = (filters, channels, height, width)
            scale = np.sqrt(2 / (channels * height * width))
            found[f"{name}.weight"] = scale * rng.standard_normal(shape, dtype="float32")
        elif isinstance(layer, keras.layers.BatchNormalization):
            n = layer.gamma.shape[0]
            found[f"{name}.weight"] = 0.5 + rng.random(n, dtype="float32")
            found[f"{name}.bias"] = 0.1 * rng.standard_normal(n, dtype="float32")
            found[f"{name}.running_mean"] = 0.1 * rng.standard_normal(n, dtype="float32")
            found[f"{name}.running_var"] = 0.5 + rng.random(n, dtype="float32")
    found["fc.weight"] = 0.02 * rng.standard_normal((1008, 2048), dtype="float32")
    return found


def theirs(tensors, names):
    """The features `names` that torch-fidelity's network with these tensors gives, as a function
    of images."""
    import references
    import torch

    counters = {
        name.replace("running_mean", "num_batches_tracked"): np.int64(0)
        for name in tensors
        if name.endswith("running_mean")
    }
    everything = {**tensors, **counters, "fc.bias": np.ones(1008, "float32")}
    state = {name: torch.tensor(value) for name, value in everything.items()}
    with tempfile.TemporaryDirectory() as folder:
        torch.save(state, f"{folder}/weights.pth")
        network = references.fidelity_inception.FeatureExtractorInceptionV3(
            "inception", names, f"{folder}/weights.pth"
        )

    def features(images):
        with torch.no_grad():
            return [x.numpy() for x in network(torch.tensor(images.transpose(0, 3, 1, 2)))]

    return features


def write_golden() -> None:
    """Writes what torch-fidelity's network gives; needs PyTorch."""
    from zoo.networks.inception import inception

    features = theirs(random_tensors(inception()), ["2048", "logits_unbiased"])
    arrays = {}
    for size in GOLDEN_SIZES:
        for name, found in zip(("features", "logits"), features(images(size)), strict=True):
            arrays[f"{name}_{size[0]}"] = found[:, ::EACH]
    np.savez_compressed(GOLDEN, **arrays)
