"""The autoencoder, as in Hinton and Salakhutdinov 2006."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

import keras
from keras import ops

from zoo.base.extends import extends
from zoo.engine.batch import Batch, check_logits
from zoo.engine.compilation import Argument
from zoo.engine.encoding import OneCode
from zoo.engine.model import GenerativeModel
from zoo.engine.priors import Prior
from zoo.engine.sampler import Sampler
from zoo.engine.spaces import Space, of_shape
from zoo.errors import ArgumentError
from zoo.losses import Bernoulli, ReconstructionLoss
from zoo.models.families import register_family
from zoo.networks import Code, Coders
from zoo.networks.choosing import TakesCoders

RANGE = (0.0, 1.0)  # the value range of images


@register_family("autoencoder", short="ae", package="zoo")
class Autoencoder(TakesCoders, OneCode, GenerativeModel):
    """An encoder to a short code and a decoder back, trained to reproduce the image.

    The objective is min E_x[L(x, r(x))] with r(x) = sigmoid(decoder(encoder(x))), equation 14.1 of
    Goodfellow, Bengio and Courville 2016, https://www.deeplearningbook.org. The loss L is the
    cross-entropy -sum_i x_i log r_i - sum_i (1 - x_i) log(1 - r_i) of Hinton and Salakhutdinov
    2006, https://doi.org/10.1126/science.1127647, or half the squared error. `fit` logs `loss`, a
    sum over the pixels of an image, and its terms.

    `call` and `predict` map images to their reconstruction.

    Args:
        image_shape: `(height, width, channels)` of the images, whose values lie in [0, 1]. It is
            needed unless both `encoder` and `decoder` are given.
        latent_dim: the number of code units.
        architecture: the architecture, by name or as an object with its settings, such as
            `zoo.networks.ConvolutionalCoders(width=16)`: `"convolutional"`, with strided
            convolutions in the encoder and transposed ones in the decoder, for square images of 28
            pixels or a power of two from 8; `"mlp"`; or the textbook's `"one_layer"`,
            sigmoid(W^T x + b) and sigmoid(W'^T z + b').
        code_activation: the activation of the code units, such as `"relu"`. `None` means that of
            the architecture, a sigmoid for `"one_layer"`, else no activation.
        tied: whether W' = W^T in `"one_layer"`; `None` means yes for `"one_layer"` without
            `encoder` and `decoder`.
        hidden_units: the units of each dense hidden layer of the encoder, between image or feature
            maps and code, as a setting of a named architecture; the decoder has them in reverse.
            `None` means its default: one layer of 500 units for `"mlp"`, no layer for
            `"convolutional"`.
        width: the channels of the largest feature maps of `"convolutional"`; `None` for its
            default, 32.
        upsampling: `"transposed"` or `"interpolation"`, for the decoder of `"convolutional"`;
            `None` for its default, `"transposed"`.
        encoder: a Keras model from images to codes `(batch, ...)`, in place of the architecture's.
        decoder: a Keras model from codes to logits of images, whose sigmoid is the reconstruction.
        name: the name of the model.
        **settings: other settings of an architecture that is given by name, such as `activation`.

    Raises:
        ValueError: if an argument has a wrong value, or the two networks do not fit together.

    Example:

    >>> import numpy as np, zoo
    >>> model = zoo.create("autoencoder", image_shape=(8, 8, 1), latent_dim=3, width=2)
    >>> images = np.zeros((5, 8, 8, 1), "float32")
    >>> model.encode(images).shape, model.reconstruct(images).shape
    ((5, 3), (5, 8, 8, 1))

    Differs from the paper: the default body is convolutional; no layer-wise pretraining; Adam with
    rate 1e-3 and not conjugate gradients.
    """

    idea = (
        "An encoder turns an image into a short code, and a decoder turns the code back into the "
        "image. Both are trained to lose as little as possible on the way, so that the code "
        "keeps what makes the images differ. Codes serve to compress, to compare and to classify "
        "images; new images are the business of other models, because nothing says which codes "
        "are likely."
    )
    paper = (
        "Hinton and Salakhutdinov 2006, Reducing the Dimensionality of Data with Neural Networks"
    )
    paper_url = "https://doi.org/10.1126/science.1127647"
    loss_names = ("loss", "reconstruction")

    def __init__(
        self,
        image_shape: tuple[int, int, int] | None = None,
        latent_dim: int = 32,
        architecture: str | Coders = "convolutional",
        code_activation: str | None = None,
        tied: bool | None = False,
        hidden_units: Sequence[int] | None = None,
        width: int | None = None,
        upsampling: str | None = None,
        encoder: keras.Model | None = None,
        decoder: keras.Model | None = None,
        name: str | None = None,
        **settings,
    ):
        super().__init__(name=name)
        settings = {
            "hidden_units": hidden_units,
            "width": width,
            "upsampling": upsampling,
            **settings,
        }
        coders, data = self.choose_coders(image_shape, architecture, settings, encoder, decoder)
        if tied and (encoder is not None or decoder is not None):
            raise ArgumentError(
                "tied=True needs encoder and decoder of the model's own. Received: encoder= or "
                "decoder= beside it."
            )
        if encoder is None or decoder is None:
            if encoder is not None or decoder is not None:
                tied = False
            pair = coders.pair(data, Code(latent_dim, activation=code_activation), tied)
            encoder, decoder = encoder or pair[0], decoder or pair[1]
        self.encoder = encoder
        self.decoder = decoder
        self.data = self._fit_together(image_shape)
        self.built = True

    def _fit_together(self, image_shape) -> Space:
        """Check that the networks fit, and return the space of the images."""
        if image_shape is None:
            if not self.encoder.built:
                raise ArgumentError(
                    f"{type(self).__name__} needs image_shape=(height, width, channels) beside an "
                    "encoder that is not built."
                )
            image_shape = self.encoder.input_shape[1:]
        code = self.encoder(keras.KerasTensor((None, *image_shape)))
        if not hasattr(code, "shape"):
            raise ArgumentError(
                f"encoder must give one code for each image. Received: one that gives {len(code)} "
                "outputs."
            )
        shape = tuple(self.decoder(code).shape[1:])
        check_logits("decoder", self.decoder)
        if shape != tuple(image_shape):
            raise ArgumentError(
                f"decoder must give logits of images of shape {tuple(image_shape)}. Received: one "
                f"that gives {shape} for codes of shape {tuple(code.shape[1:])}."
            )
        self.code_shape = tuple(code.shape[1:])
        self.latent_dim = math.prod(self.code_shape)
        return of_shape(shape, RANGE)

    @classmethod
    def test_config(cls):
        own = {"width": 4} if "width" in Coders.settings(cls.architecture_for(None)) else {}
        return {"image_shape": (8, 8, 1), "latent_dim": 6, **own}

    # Training

    def default_optimizers(self):
        return {"model": keras.optimizers.Adam(1e-3)}

    compile_arguments: ClassVar[dict[str, Argument]] = {
        "loss": Argument("reconstruction_loss", ReconstructionLoss.get)
    }

    @extends(GenerativeModel)
    def compile(self, optimizer=None, loss: str | ReconstructionLoss = "cross_entropy", **kwargs):
        """Configure training.

        Args:
            loss: `"cross_entropy"`, `"squared_error"`, or a `zoo.losses.ReconstructionLoss`.

        Raises:
            ValueError: if a name is unknown.
        """
        super().compile(optimizer, loss=loss, **kwargs)

    def corrupted(self, images):
        """Return the encoder's inputs in training: `images`, or corrupted ones in subclasses."""
        return images

    def penalty(self, images, codes):
        """Return a term that is added to the reconstruction loss, and a dict of logs.

        The term is a scalar, or one value for each image.
        """
        return ops.zeros(()), {}

    def objective(self, batch: Batch, training: bool):
        images = batch.data
        codes = self.encoder(self.corrupted(images), training=training)
        logits = self.decoder(codes, training=training)
        reconstruction = ops.mean(self.reconstruction_loss(images, ops.cast(logits, "float32")))
        penalty, logs = self.penalty(images, ops.cast(codes, "float32"))
        loss = reconstruction + ops.mean(penalty)
        return loss, {"loss": loss, "reconstruction": reconstruction, **logs}

    # Use

    def call(self, images, training=False):
        logits = self.decoder(self.encoder(images, training=training), training=training)
        return ops.sigmoid(ops.cast(logits, "float32"))

    def encoded(self, images):
        return self.encoder(images, training=False)

    def decoded(self, codes):
        return ops.sigmoid(ops.cast(self.decoder(codes, training=False), "float32"))

    def encoding_network(self):
        return self.encoder

    def sampler(self, prior: Prior) -> Sampler:
        network = self.decoder
        if self.code_shape != (self.latent_dim,):
            vectors = keras.Input((self.latent_dim,), name="codes")
            codes = keras.layers.Reshape(self.code_shape)(vectors)
            network = keras.Model(vectors, network(codes), name="decoder")
        return Sampler(
            network,
            self.latent_dim,
            self.image_shape,
            self.value_range,
            likelihood=Bernoulli(),
            prior=prior,
        )
