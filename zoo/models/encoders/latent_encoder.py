"""The encoder of images into the latents of a given generator, as in Zhu et al. 2016."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import ClassVar

import keras
import numpy as np
from keras import ops

from zoo.base.described import described_by
from zoo.base.extends import extends
from zoo.engine.batch import Batch, check_body, paired
from zoo.engine.compilation import Argument
from zoo.engine.latent import LatentModel
from zoo.engine.model import GenerativeModel
from zoo.engine.players import Frozen
from zoo.engine.sampler import Sampler
from zoo.engine.tasks import Encodes
from zoo.errors import ArgumentError, check_number, instance_hint
from zoo.models.families import register_family
from zoo.networks import Code, Coders


@register_family("latent_encoder", short="inverter", package="zoo")
class LatentEncoder(Encodes, GenerativeModel):
    """An encoder E of images into the latents of a generator G that is trained already.

    The objective is min_E E_x[|G(E(x)) - x|^2] + w E_z[|E(G(z)) - z|^2], with the images x of
    `fit`, latents z of the generator's prior, w = `latent_weight`, and means over pixels (of images
    scaled to [0, 1]) and over latents. Its first term is equation 4 of Zhu et al. 2016,
    https://arxiv.org/abs/1609.03552. The generator's weights never change. `fit` logs `loss` and
    its terms, `reconstruction` and `latent_error`.

    `encode` gives a start for the search of latents: `generator.invert(images, start=encoder)`.

    `call` and `predict` map images, and labels of a conditional generator, to G(E(x)).

    Args:
        generator: a model that samples from latents, such as `zoo.load("dcgan_mnist")` or its
            sampling part alone, `zoo.load("dcgan_mnist", components=["generator"])`.
        architecture: the architecture of the encoder, by name or as an object with its settings:
            `"convolutional"`, for square images of 28 pixels or a power of two from 8, or `"mlp"`.
        width: the channels of the largest feature maps of `"convolutional"`; `None` for its
            default, 32.
        hidden_units: the units of each dense hidden layer; `None` for the architecture's default.
        encoder: a Keras model from images to latents, in place of the architecture's.
        name: the name of the model.

    Raises:
        ValueError: if an argument has a wrong value, or the encoder does not fit the generator.

    Example:

    >>> import zoo
    >>> gan = zoo.create("dcgan", image_shape=(8, 8, 1), latent_dim=4, width=2)
    >>> encoder = zoo.create("latent_encoder", generator=gan, width=2)
    >>> images = gan.sample(3, seed=0)
    >>> encoder.encode(images).shape, gan.invert(images, start=encoder, steps=2).images.shape
    ((3, 4), (3, 8, 8, 1))

    Differs from the paper: there is no term of features; the term of latents is added; Adam has the
    rate 1e-3; there is no weight decay.
    """

    idea = (
        "A latent encoder answers, in one pass, which latents of a trained generator give an image "
        "most like a given one. It is trained for this generator alone, whose weights stay as they "
        "are. Its answer is rough, and is the start of a search that makes it exact."
    )
    paper = "Zhu et al. 2016, Generative Visual Manipulation on the Natural Image Manifold"
    paper_url = "https://arxiv.org/abs/1609.03552"
    loss_names = ("loss", "reconstruction", "latent_error")
    averages = ("network", "prior")  # which no player trains

    def __init__(
        self,
        generator: LatentModel,
        architecture: str | Coders = "convolutional",
        width: int | None = None,
        hidden_units: Sequence[int] | None = None,
        encoder: keras.Model | None = None,
        name: str | None = None,
    ):
        super().__init__(name=name)
        if not isinstance(generator, GenerativeModel) or "inverts" not in generator.tasks:
            raise ArgumentError(
                "generator must be a model that samples from latents, such as "
                f"zoo.load('dcgan_mnist'). Received: {generator!r}.{instance_hint(generator)}"
            )
        check_body("encoder", encoder)
        sampler = next(iter(generator.components().values()), generator)
        # Hidden from Keras's tracking, which would save a model within the model. Its weights are
        # those of its network and of its prior.
        vars(self)["_generator"] = Frozen({"sampler": sampler})
        self.network, self.prior = sampler.network, sampler.prior
        self.network.trainable = self.prior.trainable = False
        self.data, self.condition = generator.data, generator.condition
        settings = {"width": width, "hidden_units": hidden_units}
        settings = {key: value for key, value in settings.items() if value is not None}
        if encoder is None:
            code = Code(generator.latent_dim)
            encoder = Coders.get(architecture, settings).encoder(self.data, code)
        elif settings:
            raise ArgumentError(
                f"{', '.join(settings)} must be settings of an architecture, which has no use "
                "where encoder= is given. Received: both."
            )
        self.encoder = encoder
        self._check_fit()
        self.built = True

    def _check_fit(self) -> None:
        """Raise unless the encoder maps the generator's images to its latents."""
        codes = self.encoder(keras.KerasTensor((None, *self.data.shape)))
        shape = tuple(codes.shape[1:]) if hasattr(codes, "shape") else None
        if shape != (self.latent_dim,):
            raise ArgumentError(
                f"encoder must give the generator's latents, of shape (batch, {self.latent_dim}). "
                f"Received: one that gives {'several outputs' if shape is None else shape}."
            )

    @classmethod
    def test_config(cls):
        layers = [
            keras.Input((4,)),
            keras.layers.Dense(64, activation="tanh"),
            keras.layers.Reshape((8, 8, 1)),
        ]
        generator = Sampler(keras.Sequential(layers, name="given"), 4, (8, 8, 1), (-1.0, 1.0))
        return {"generator": generator, "width": 2}

    def sampler(self) -> LatentModel:
        """Return the generator, which only samples."""
        return self._generator["sampler"]  # Keras would save it if it were an attribute

    @property
    def latent_dim(self) -> int:
        """The number of the generator's latent variables."""
        return self.prior.latent_shape[0]

    def encodes_for(self, model):
        """Return whether `model` samples with the weights of the generator."""
        network = next(iter(model.components().values()), model).sampling_network()
        own = self.network.get_weights()
        others = [] if network is None else network.get_weights()
        return len(own) == len(others) and all(map(np.array_equal, own, others))

    # Training

    def default_optimizers(self):
        return {"model": keras.optimizers.Adam(1e-3)}

    compile_arguments: ClassVar[dict[str, Argument]] = {
        "latent_weight": Argument("latent_weight", functools.partial(check_number, "latent_weight"))
    }

    @extends(GenerativeModel)
    def compile(self, optimizer=None, latent_weight: float = 0.1, **kwargs):
        """Configure training.

        Args:
            latent_weight: the weight w of the error of latents of the generator's own samples; 0
                leaves them out, as in the paper.

        Raises:
            ValueError: if a number is out of range.
        """
        super().compile(optimizer, latent_weight=latent_weight, **kwargs)

    def objective(self, batch: Batch, training: bool):
        images, labels = batch
        low, high = self.data.range or (0.0, 1.0)
        made = self.sampler().generate(self._latents(images, training), labels)
        reconstruction = ops.mean(ops.square((made - images) / (high - low)))
        noise = self.prior.noise.draw_in_step(self.random, ops.shape(images)[0])
        latents = self.prior.sample(noise, labels)
        own = ops.stop_gradient(self.sampler().generate(latents, labels))
        error = ops.mean(ops.square(self._latents(own, training) - latents))
        logs = {"reconstruction": reconstruction, "latent_error": error}
        loss = reconstruction + self.latent_weight * error
        return loss, {"loss": loss, **logs}

    def _latents(self, images, training: bool = False):
        return ops.cast(self.encoder(images, training=training), "float32")

    # Use

    def call(self, inputs, training=False):
        images, labels = self.unpaired(inputs)
        return self.sampler().generate(self._latents(images, training), labels)

    def encode(self, images, labels=None, batch_size: int = 256) -> np.ndarray:
        """Return the latents of each image, a float32 array of shape `(n, latent_dim)`.

        Args:
            images: images in the value range of the generator.
            labels: for a conditional generator, the class of each image, which the encoder does not
                see.
            batch_size: the number of images that are computed at once.

        Raises:
            ValueError: if `images` have another shape or other values.
        """
        images = self.checked_inputs(images, labels)[0]
        return self.infer("encode", self._latents, (images,), batch_size)

    def decode(self, codes, labels=None, batch_size: int = 256) -> np.ndarray:
        """Return the generator's image of each row of `codes`."""
        return self.sampler().sample(latents=codes, labels=labels, batch_size=batch_size)

    @described_by(encode)
    def reconstruct(self, images, labels=None, batch_size: int = 256) -> np.ndarray:
        """Encode and decode each image, and return an array of the shape of `images`."""
        inputs = self.checked_inputs(images, labels)
        return self.infer("reconstruct", self._through, inputs, batch_size)

    def _through(self, images, labels=None):
        return self.call(paired(images, labels))

    def encoding_network(self):
        return self.encoder
