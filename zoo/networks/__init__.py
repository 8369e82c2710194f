"""Bodies that two or more models share: functions that return a `keras.Model`."""

from zoo.networks import conditioning, dcgan, mlp, points

__all__ = ["conditioning", "dcgan", "mlp", "points"]
