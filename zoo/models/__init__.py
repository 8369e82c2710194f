"""The models of the zoo, with one file for each paper."""

from zoo.engine.any_model import AnyModel
from zoo.engine.compilation import Argument
from zoo.engine.latent import LatentModel
from zoo.engine.model import GenerativeModel, Model
from zoo.engine.sampler import Sampler
from zoo.models import (
    autoencoders,
    autoregressive,
    classifiers,
    encoders,
    energy,
    flows,
    gans,
    vaes,
)
from zoo.models.autoencoders import *
from zoo.models.autoregressive import *
from zoo.models.classifiers import *
from zoo.models.encoders import *
from zoo.models.energy import *
from zoo.models.flows import *
from zoo.models.gans import *
from zoo.models.vaes import *

__all__ = ["AnyModel", "Argument", "GenerativeModel", "LatentModel", "Model", "Sampler"]
__all__ += autoencoders.__all__
__all__ += autoregressive.__all__
__all__ += classifiers.__all__
__all__ += encoders.__all__
__all__ += energy.__all__
__all__ += flows.__all__
__all__ += gans.__all__
__all__ += vaes.__all__
