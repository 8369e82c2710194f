"""Coders: the bodies of an encoder and its decoder, by name or as objects."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar

import keras
from keras import layers

from zoo.base.described import described_by
from zoo.engine.spaces import Classes, Space, classes_or_none, of_image_shape
from zoo.errors import ArgumentError
from zoo.networks.coding import Code, Coding, Posterior
from zoo.networks.conditioning import joined, label_inputs
from zoo.networks.dense import checked_units, hidden
from zoo.networks.named_networks import NamedNetworks


class Coders(NamedNetworks):
    """The bodies of an encoder and a decoder, for any autoencoder or variational autoencoder.

    A subclass with a `name` is chosen by that name. It defines `features`, from images to a vector,
    and `pixels`, from a vector to unbounded numbers for each pixel. This class joins labels to
    them, and the model's `Coding` adds the last layer of the encoder. The arguments of the
    constructor are the settings of the architecture.

    Attributes:
        flat: whether `features` takes flat vectors, with labels behind them. Otherwise it takes
            images, with labels as further channels.
        ties: whether the decoder can have the transposed weights of the encoder's last layer.
        code_activation: the default activation of a code.
    """

    kind = "architecture"
    required = ("encoder", "decoder", "pair")
    example = "zoo.networks.MLPCoders(hidden_units=(200,))"
    flat: ClassVar[bool] = False
    ties: ClassVar[bool] = False
    code_activation: ClassVar[str | None] = None

    # Definitions by subclasses

    @classmethod
    def fits(cls, data: Space, coding: type[Coding]) -> bool:
        """Return whether the architecture fits `data` and a kind of coding."""
        raise NotImplementedError

    def features(self, x, data: Space, coding: Coding):
        """Return the features `(batch, n)` of data `x`, to which labels may be joined."""
        raise NotImplementedError

    def pixels(self, x, data: Space, channels: int, coding: Coding):
        """Return `channels` unbounded float32 numbers for each pixel of `data`, from vectors `x`
        of shape `(batch, n)`."""
        raise NotImplementedError

    # The networks

    def encoder(
        self, data: Space, coding: Coding, condition: Classes | None = None, name: str = "encoder"
    ) -> keras.Model:
        """Return the network from images, or `[images, labels]`, to the outputs of `coding`.

        Args:
            data: the space of the images.
            coding: the outputs, and the choices of the model.
            condition: the classes of a conditional model, or `None`.
            name: the name of the network.
        """
        self.check_fits(data, type(coding))
        inputs = x = keras.Input(data.shape, name=data.noun)
        if self.flat:
            x = layers.Flatten()(x)
        if condition is not None:
            labels = label_inputs()
            inputs = [inputs, labels]
            x = joined(x, labels, condition.n, image_shape=None if self.flat else data.shape)
        outputs = coding.outputs(self.features(x, data, coding), self.code_activation)
        return keras.Model(inputs, outputs, name=name)

    @described_by(encoder)
    def decoder(
        self,
        data: Space,
        coding: Coding,
        condition: Classes | None = None,
        outputs: int = 1,
        name: str = "decoder",
    ) -> keras.Model:
        """Return the network from codes or latents, or `[latents, labels]`, to unbounded numbers.

        They have the shape `(batch, height, width, outputs * channels)`.

        Args:
            outputs: how many they are for each pixel and channel.
        """
        self.check_fits(data, type(coding))
        inputs = x = keras.Input((coding.latent_dim,), name=coding.inputs)
        if condition is not None:
            labels = label_inputs()
            inputs = [inputs, labels]
            x = joined(x, labels, condition.n)
        return keras.Model(
            inputs, self.pixels(x, data, outputs * data.shape[-1], coding), name=name
        )

    def pair(
        self, data: Space, code: Code, tied: bool | None = False
    ) -> tuple[keras.Model, keras.Model]:
        """Return an encoder to codes and its decoder.

        Args:
            data: the space of the images.
            code: the codes, and the choices of the model.
            tied: whether the decoder has the transposed weights of the encoder's last layer; `None`
                for yes where the architecture can.

        Raises:
            ArgumentError: if `tied` is true and the architecture has no such weights.
        """
        if tied and not self.ties:
            able = sorted(name for name, each in Coders.named().items() if each.ties)
            raise ArgumentError(
                f"tied=True is for architecture={' or '.join(map(repr, able))}. Received: "
                f"{self.name!r}."
            )
        encoder = self.encoder(data, code)
        if self.ties and tied is not False:
            code = dataclasses.replace(code, tied_to=encoder.get_layer("code"))
        return encoder, self.decoder(data, code)


class HiddenLayers(Coders):
    """Bodies with dense hidden layers next to the code, in reverse order in the decoder.

    Args:
        hidden_units: the units of each dense hidden layer of the encoder; `None` for those of the
            model.
        activation: the activation of the hidden units; `None` for that of the model.
    """

    own_units: ClassVar[tuple[int, ...]] = ()  # where the model has no choice
    own_activation: ClassVar[str | None] = None

    def __init__(self, hidden_units: Sequence[int] | None = None, activation: str | None = None):
        self.hidden_units = None if hidden_units is None else checked_units(hidden_units)
        if activation is not None:
            keras.activations.get(activation)  # raises for an unknown name
        self.activation = activation

    def units(self, coding: Coding) -> tuple[int, ...]:
        """Return the units of the hidden layers of the encoder."""
        for units in (self.hidden_units, coding.hidden_units):
            if units is not None:
                return checked_units(units)
        return self.own_units

    def options(self, coding: Coding) -> dict[str, Any]:
        """Return the arguments of the dense hidden layers."""
        activation = self.activation or self.own_activation
        return coding.hidden_options | ({"activation": activation} if activation else {})


@keras.saving.register_keras_serializable("zoo.networks")
class MLPCoders(HiddenLayers):
    """Fully connected networks, for images of any size.

    Args:
        hidden_units: the units of each hidden layer of the encoder; the decoder has them in
            reverse. `None` means those of the model, and in autoencoders `(500,)`.
        activation: the activation of the hidden units; `None` means that of the model, tanh in VAEs
            and a rectified linear one in autoencoders.
    """

    name = "mlp"
    fits_words = "images of any size"
    flat = True
    own_units = (500,)

    @classmethod
    def fits(cls, data, coding):
        return data.name == "images"

    @classmethod
    def test_config(cls):
        return {"image_shape": (8, 8, 1), "hidden_units": (6,)}

    def features(self, x, data, coding):
        return hidden(x, self.units(coding), **self.options(coding))

    def pixels(self, x, data, channels, coding):
        x = hidden(x, self.units(coding)[::-1], **self.options(coding))
        return coding.pixels(x, (*data.shape[:2], channels))


@keras.saving.register_keras_serializable("zoo.networks")
class OneLayerCoders(Coders):
    """One dense layer each way, with sigmoid code units by default.

    The layers are those of the first autoencoders, sigmoid(W^T x + b) and W'^T z + b', whose
    weights can be tied: W' = W^T.
    """

    name = "one_layer"
    fits_words = "images of any size and codes, and not for the posterior of a VAE"
    flat = True
    ties = True
    code_activation = "sigmoid"

    @classmethod
    def fits(cls, data, coding):
        return data.name == "images" and coding.name == "code"

    @classmethod
    def test_config(cls):
        return {"image_shape": (8, 8, 1)}

    def features(self, x, data, coding):
        return x

    def pixels(self, x, data, channels, coding):
        return coding.pixels(x, (*data.shape[:2], channels))


def encoder(
    image_shape: tuple[int, int, int],
    latent_dim: int,
    architecture: str | Coders = "mlp",
    hidden_units: Sequence[int] = (500,),
    *,
    num_classes: int | None = None,
    name: str = "encoder",
    **settings,
) -> keras.Model:
    """Return the encoder of a variational autoencoder.

    It maps images, or `[images, labels]`, to the mean and the log-variance of the posterior, each
    of shape `(batch, latent_dim)`.

    Args:
        image_shape: `(height, width, channels)`.
        latent_dim: the number of latent variables.
        architecture: the architecture, by name or as an object.
        hidden_units: the units of each dense hidden layer, where the architecture does not say.
        num_classes: the number of classes of a conditional model, or `None`.
        name: the name of the network.
        **settings: the settings of an architecture that is given by name.

    Raises:
        ArgumentError: if an argument has a wrong value.
    """
    data = of_image_shape(image_shape, points=False)
    coding = Posterior(latent_dim, hidden_units)
    chosen = Coders.get(architecture, settings)
    return chosen.encoder(data, coding, classes_or_none(num_classes), name)


@described_by(encoder)
def decoder(
    image_shape: tuple[int, int, int],
    latent_dim: int,
    architecture: str | Coders = "mlp",
    hidden_units: Sequence[int] = (500,),
    *,
    num_classes: int | None = None,
    outputs: int = 1,
    name: str = "decoder",
    **settings,
) -> keras.Model:
    """Return the decoder of a variational autoencoder.

    It maps latents, or `[latents, labels]`, to the parameters of the likelihood, of shape `(batch,
    height, width, outputs * channels)`. Hidden layers are in reverse order.

    Args:
        outputs: the number of parameters of each pixel and channel.
    """
    data = of_image_shape(image_shape, points=False)
    coding = Posterior(latent_dim, hidden_units)
    chosen = Coders.get(architecture, settings)
    return chosen.decoder(data, coding, classes_or_none(num_classes), outputs, name)
