"""Feature extractors for comparing images, identified by name and hash."""

from __future__ import annotations

import hashlib
import json
from typing import NamedTuple

import keras
import numpy as np
from keras import ops

from zoo.base.ranges import BYTES, to_range
from zoo.engine import compiled
from zoo.engine.identity import add_weights
from zoo.engine.inference import batched
from zoo.engine.unset import unset_weights
from zoo.errors import ArgumentError
from zoo.files import fetch
from zoo.files.home import atomic_file, home, lock_of
from zoo.files.notes import note, write_note
from zoo.networks.inception import inception as inception_network
from zoo.networks.inception import load_tensors
from zoo.networks.torch_file import read_tensors

INCEPTION = "weights-inception-2015-12-05-6726825d.pth"
INCEPTION_URLS = (
    f"https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/{INCEPTION}",
    "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/"
    "pt_inception-2015-12-05-6726825d.pth",
)
INCEPTION_SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
INCEPTION_BYTES = 95_628_359


class Features(NamedTuple):
    """Features of images, and class probabilities if the extractor has classes.

    `features` has the shape `(n, dimensions)`, and `probabilities` the shape `(n, classes)`.
    """

    features: np.ndarray
    probabilities: np.ndarray | None = None


class Extractor:
    """An extractor of features of 8-bit images, made from any Keras model.

    Args:
        network: a model from images to features `(batch, dimensions)`, or to a pair of features and
            logits `(batch, classes)`. Features of more axes are flattened.
        name: the name in results; by default the name of the network.
        sha256: the hash in results; by default the hash of its layers and weights.
        value_range: the range of the images that the network takes.
        batch_size: the number of images that are computed at once.

    Raises:
        ArgumentError: if `network` is no built Keras model.

    Example:

    >>> from zoo.networks.features import Extractor
    >>> import keras, numpy as np
    >>> network = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten()])
    >>> Extractor(network)(np.zeros((5, 8, 8, 1), "uint8")).features.shape
    (5, 64)
    """

    def __init__(
        self,
        network: keras.Model,
        name: str | None = None,
        sha256: str | None = None,
        value_range: tuple[float, float] = (0.0, 1.0),
        batch_size: int = 256,
    ):
        if not isinstance(network, keras.Model) or not network.built:
            raise ArgumentError(f"network must be a built keras.Model. Received: {network!r}.")
        self.network = network
        self.name = name or network.name
        self.value_range = value_range
        self.batch_size = batch_size
        # Those of a subclassed model are unknown before a call, and count as one of each.
        inputs, outputs = (getattr(network, key, None) for key in ("inputs", "outputs"))
        self.image_shape = tuple(inputs[0].shape[1:]) if inputs else (None,) * 3
        self.has_classes = len(outputs or ()) > 1
        self._sha256 = sha256
        self._function = compiled(self._outputs, network)

    @property
    def sha256(self) -> str:
        """The hash that identifies the extractor, which changes while its network is trained."""
        return self._sha256 or _fingerprint(self.network, self.value_range)

    def _outputs(self, images):
        """Return the flattened features and, if there are classes, their probabilities."""
        outputs = self.network(images, training=False)
        features, *rest = outputs if isinstance(outputs, list | tuple) else (outputs,)
        features = ops.reshape(features, (ops.shape(features)[0], -1))
        logits = rest[:1] if self.has_classes else ()
        return (features, *(ops.softmax(x, axis=-1) for x in logits))

    def __call__(self, images: np.ndarray) -> Features:
        """Return the features of `images`.

        Args:
            images: 8-bit images of shape `(n, height, width, channels)`.

        Raises:
            ArgumentError: if images are of another type or shape, or features are not finite.
        """
        check_bytes(images, self.image_shape, self.name)
        scaled = to_range(images, self.value_range, source=BYTES)
        features = Features(*batched(self._function, (scaled,), self.batch_size))
        if not np.isfinite(features.features).all():
            raise ArgumentError(f"The extractor {self.name} gives features that are not finite.")
        return features


class Pixels:
    """The pixels themselves, in [0, 1], or the coordinates of points, as features without a
    network.

    They tell apart images with different means or covariances, and do not see shapes.
    """

    name = "pixels"
    has_classes = False
    sha256 = hashlib.sha256(b"pixels / 255, or coordinates").hexdigest()
    image_shape: tuple[int | None, ...] | None = None  # None allows any shape

    def __call__(self, images: np.ndarray) -> Features:
        """Return the flattened pixels of 8-bit images, or the coordinates of points."""
        flat = images.reshape(len(images), -1)
        is_points = flat.dtype != np.uint8
        return Features(flat if is_points else to_range(flat, (0.0, 1.0), source=BYTES))


class PerChannel:
    """An extractor of grey images, applied to each channel of colour images, for stacked digits.

    The features of the three channels are joined. The classes are all combinations, 100 r + 10 g +
    b for digits r, g and b.
    """

    def __init__(self, extractor: Extractor):
        self.extractor = extractor
        self.name = f"{extractor.name} per channel"
        self.sha256 = extractor.sha256
        self.has_classes = extractor.has_classes
        self.image_shape = (*extractor.image_shape[:2], 3)

    def __call__(self, images: np.ndarray) -> Features:
        """Return the features of 8-bit `images` of shape `(n, height, width, 3)`."""
        check_bytes(images, self.image_shape, self.name)
        channels = [self.extractor(images[..., i : i + 1]) for i in range(3)]
        features = np.concatenate([channel.features for channel in channels], axis=1)
        if channels[0].probabilities is None:
            return Features(features)
        red, green, blue = (channel.probabilities for channel in channels)
        joint = np.einsum("ni,nj,nk->nijk", red, green, blue)
        return Features(features, joint.reshape(len(images), -1))


def check_bytes(images, image_shape: tuple[int | None, ...], name: str) -> None:
    """Raise an `ArgumentError` unless `images` are 8-bit images of `image_shape`.

    `None` in `image_shape` stands for any size.
    """
    shape = tuple(np.shape(images))
    matches = np.ndim(images) == 4 and all(
        expected in (None, actual) for expected, actual in zip(image_shape, shape[1:], strict=True)
    )
    if not matches or images.dtype != np.uint8:
        expected = ", ".join("any" if size is None else str(size) for size in image_shape)
        raise ArgumentError(
            f"The extractor {name} takes 8-bit images of shape (n, {expected}). Received: "
            f"{getattr(images, 'dtype', type(images).__name__)} of shape {shape}."
        )


def inception(batch_size: int = 32) -> Extractor:
    """Return the extractor of the FID, with the weights that torch-fidelity and pytorch-fid use.

    The weights are downloaded and verified on first use, read as arrays alone, and kept under
    `ZOO_HOME` as Keras weights. The network takes colour images of any size, and resizes them
    itself like TensorFlow 1. Features have 2,048 dimensions. Probabilities, of 1,008 classes, come
    from the logits without their bias.

    Args:
        batch_size: the number of images that are computed at once.

    Raises:
        FetchError: if the weights cannot be fetched.
        IntegrityError: if they are not the expected ones.
    """
    with unset_weights():
        network = inception_network()
    place = home() / "extractors" / "inception.weights.h5"
    with lock_of(place):
        last = note(place)
        if not place.is_file() or last is None or last.text != fetch.sha256(place):
            original = fetch.download(
                INCEPTION_URLS, place.with_name(INCEPTION), INCEPTION_SHA256, INCEPTION_BYTES
            )
            load_tensors(network, read_tensors(original))
            with atomic_file(place) as partial:
                network.save_weights(partial)
            write_note(place, fetch.sha256(place))
            original.unlink()
        network.load_weights(place)
    return Extractor(network, "inception", INCEPTION_SHA256, BYTES, batch_size)


def _fingerprint(network: keras.Model, value_range: tuple[float, float]) -> str:
    """Return the hash of layers, connections, weights and the range of images.

    The names of layers do not count.
    """
    config = json.dumps(network.get_config(), sort_keys=True, default=lambda x: type(x).__name__)
    for i, layer in enumerate([network, *network._flatten_layers(include_self=False)]):
        config = config.replace(json.dumps(layer.name), f'"layer {i}"')
    digest = hashlib.sha256(f"{config} {[float(v) for v in value_range]}".encode())
    add_weights(digest, network)
    return digest.hexdigest()
