"""The convolutional classifier, as in LeCun et al. 1998."""

from __future__ import annotations

from typing import ClassVar

import keras
import numpy as np
from keras import ops

from zoo.augmentation import Augmentation
from zoo.base.described import described_by
from zoo.base.extends import extends
from zoo.engine.batch import Batch, check_body
from zoo.engine.compilation import Argument, optional
from zoo.engine.model import Model
from zoo.engine.spaces import Classes, of_image_shape
from zoo.engine.tasks import Classifies
from zoo.errors import ArgumentError, check_count
from zoo.models.families import register_family
from zoo.networks import classifier

RANGE = (0.0, 1.0)  # the value range of images


@register_family("classifier", package="zoo")
class Classifier(Classifies, Model):
    """A network from images to features, and a linear layer from features to the logits of classes.

    It makes no images, and measures the images of generative models: `zoo.evaluate` uses its
    features, and its classes show the modes that samples cover and the accuracy of conditional
    samples.

    The objective is min E_(x,y)[-log softmax(W h(x) + b)_y], the maximum likelihood of section
    6.2.2.3 of Goodfellow, Bengio and Courville 2016, https://www.deeplearningbook.org. The network
    is a modern form of the convolutional network of LeCun et al. 1998,
    https://doi.org/10.1109/5.726791. `fit` logs `loss`, in nats per image, and `accuracy`, the
    share of images classified as their label.

    `call` and `predict` map images to logits `(batch, num_classes)`.

    Args:
        image_shape: `(height, width, channels)` of the images, whose values lie in [0, 1]. It is
            needed without `body`.
        num_classes: the number of classes.
        width: the channels of the first of three stages; features have four times as many.
        body: a Keras model from images to features `(batch, dimensions)`, in place of the
            convolutional network.
        name: the name of the model.

    Raises:
        ValueError: if an argument has a wrong value.

    Example:

    >>> import numpy as np, zoo
    >>> model = zoo.create("classifier", image_shape=(8, 8, 1), num_classes=10, width=2)
    >>> images = np.zeros((5, 8, 8, 1), "float32")
    >>> model.features(images).shape, model.probabilities(images).shape
    ((5, 8), (5, 10))

    Differs from the paper: batch normalization, rectified linear units, max pooling, six
    convolutions and the softmax's log-likelihood, none of which LeNet-5 has; Adam with rate 1e-3.
    """

    idea = (
        "A classifier maps an image to the probabilities of its classes. It is trained on "
        "labelled images, and learns features in which the classes lie apart. It makes no "
        "images: in this zoo its features and classes measure the images that other models make."
    )
    paper = (
        "LeCun, Bottou, Bengio and Haffner 1998, Gradient-Based Learning Applied to Document "
        "Recognition"
    )
    paper_url = "https://doi.org/10.1109/5.726791"
    loss_names = ("loss", "accuracy")
    augmentation: Augmentation | None = None

    def __init__(
        self,
        image_shape: tuple[int, int, int] | None = None,
        num_classes: int = 10,
        width: int = 32,
        body: keras.Model | None = None,
        name: str | None = None,
    ):
        super().__init__(name=name)
        check_body("body", body)
        if body is None:
            if image_shape is None:
                raise ArgumentError(
                    "Classifier needs image_shape=(height, width, channels), or body=."
                )
            body = classifier.body(image_shape, width)
        if not body.built or not _gives_vectors(body):
            received = f"one that gives {body.output_shape}" if body.built else "one not built"
            raise ArgumentError(
                f"body must be a built model that gives features (batch, dimensions). Received: "
                f"{received}."
            )
        self.body = body
        self.data = of_image_shape(body.input_shape[1:], RANGE, points=False)
        if image_shape is not None and tuple(image_shape) != self.image_shape:
            raise ArgumentError(
                f"body must take images of shape {tuple(image_shape)}. Received: one for "
                f"{self.image_shape}."
            )
        self.condition = Classes(check_count("num_classes", num_classes, minimum=2))
        self.head = keras.layers.Dense(num_classes, dtype="float32", name="logits")
        self.head.build(body.output_shape)
        self.built = True

    @classmethod
    def test_config(cls):
        return {"image_shape": (8, 8, 1), "num_classes": 3, "width": 4}

    # Training

    def default_optimizers(self):
        return {"model": keras.optimizers.Adam(1e-3)}

    compile_arguments: ClassVar[dict[str, Argument]] = {
        "augmentation": Argument("augmentation", optional(Augmentation.get))
    }

    @extends(Model)
    def compile(self, optimizer=None, augmentation: str | Augmentation | None = None, **kwargs):
        """Configure training.

        Args:
            augmentation: an `Augmentation` of the training images, such as
                `zoo.augmentation.DiffAugment(("translation",))`, or `None`.

        Raises:
            ValueError: if a name is unknown.
        """
        super().compile(optimizer, augmentation=augmentation, **kwargs)

    def objective(self, batch: Batch, training: bool):
        images, labels = batch
        if training and self.augmentation is not None:
            images = self.augmentation(images, self.random)
        logits = ops.cast(self.call(images, training=training), "float32")
        loss = ops.mean(
            keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
        )
        right = ops.equal(ops.argmax(logits, axis=-1), labels)
        return loss, {"loss": loss, "accuracy": ops.mean(ops.cast(right, "float32"))}

    # Use

    def call(self, images, training=False):
        return self.head(self.body(images, training=training))

    def call_signature(self):
        return [self.data.spec()]

    def features(self, images, batch_size: int = 256) -> np.ndarray:
        """Return the features of each image, before the linear layer.

        Args:
            images: of shape `(n, height, width, channels)`, in [0, 1].
            batch_size: the number of images that are computed at once.

        Returns:
            A float32 NumPy array of shape `(n, dimensions)`.

        Raises:
            ValueError: if `images` has another shape, or values outside of [0, 1].
        """
        return self._infer("features", lambda x: self.body(x, training=False), images, batch_size)

    @described_by(features)
    def probabilities(self, images, batch_size: int = 256) -> np.ndarray:
        """Return the probability of each class for each image, float32 of shape
        `(n, num_classes)`.
        """
        return self._infer(
            "probabilities", lambda x: ops.softmax(self.call(x), axis=-1), images, batch_size
        )

    @described_by(features)
    def classify(self, images, batch_size: int = 256) -> np.ndarray:
        """Return the most probable class of each image, int64 of shape `(n,)`."""
        return self.probabilities(images, batch_size).argmax(axis=1)

    def feature_network(self):
        images = keras.Input(self.image_shape)
        features = self.body(images)
        return keras.Model(images, [features, self.head(features)])

    def _infer(self, key: str, fn, images, batch_size: int) -> np.ndarray:
        """Return the outputs of `fn` for images, in batches."""
        return self.infer(key, fn, self.checked_inputs(images, labelled=False), batch_size)

    def golden_inputs(self, n):
        return {"images": self.data.example(n)}

    def golden_outputs(self, inputs):
        return self.features(inputs["images"])


def _gives_vectors(body: keras.Model) -> bool:
    """Return whether the outputs of `body` have the shape `(batch, dimensions)`."""
    try:
        _, _ = body.output_shape
    except (TypeError, ValueError):
        return False
    return True
