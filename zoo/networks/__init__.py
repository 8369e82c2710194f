"""Networks that two or more models share: architectures of adversarial rules, encoders and
decoders, and feature extractors."""

from zoo.networks import (
    autoencoders,
    classifier,
    coders,
    conditional,
    conditioning,
    convolutional,
    dcgan,
    mlp,
    points,
    resnet,
    sngan,
    squeezenet,
    vgg,
)
from zoo.networks.architecture import Architecture, Demands
from zoo.networks.coders import Coders, MLPCoders, OneLayerCoders
from zoo.networks.coding import Code, Coding, Posterior
from zoo.networks.convolutional import ConvolutionalCoders
from zoo.networks.dcgan import DCGAN
from zoo.networks.mlp import MLP
from zoo.networks.points import Points
from zoo.networks.resnet import ResNet
from zoo.networks.sngan import SNGAN

__all__ = [
    "DCGAN",
    "MLP",
    "SNGAN",
    "Architecture",
    "Code",
    "Coders",
    "Coding",
    "ConvolutionalCoders",
    "Demands",
    "MLPCoders",
    "OneLayerCoders",
    "Points",
    "Posterior",
    "ResNet",
    "autoencoders",
    "classifier",
    "coders",
    "conditional",
    "conditioning",
    "convolutional",
    "dcgan",
    "mlp",
    "points",
    "resnet",
    "sngan",
    "squeezenet",
    "vgg",
]
