"""Oracles for autoregressive models: exact sums, gradients, and what sampling computes."""

import itertools

import numpy as np
from helpers import array
from keras import ops

import zoo


def all_binary(side=3):
    """All images of side x side zeros and ones."""
    numbers = list(itertools.product((0.0, 1.0), repeat=side * side))
    return np.array(numbers, "float32").reshape(-1, side, side, 1)


def check_completions(model, *labels):
    """Completions of each upper row of 2 x 2 binary pixels have the shares of `log_prob`."""
    images, known, n = all_binary(2), np.array([[1.0, 1.0], [0.0, 0.0]]), 2000
    given = [np.full(16, label) for label in labels]
    joint = np.exp(model.log_prob(images, *given).astype("float64")).reshape(4, 4)
    for upper, expected in enumerate(joint / joint.sum(axis=1, keepdims=True)):
        rows = np.repeat(images[4 * upper : 4 * upper + 1], n, axis=0)
        given = [np.full(n, label) for label in labels]
        found = model.complete(rows, known, *given, batch_size=n).reshape(n, 4) @ [8, 4, 2, 1]
        shares = np.bincount(found.astype(int) - 4 * upper, minlength=4) / n
        error = np.sqrt(expected * (1 - expected) / n)
        assert (np.abs(shares - expected) < 4.5 * error + 1e-3).all(), (upper, shares, expected)


def randomized(model, scale=1.0, seed=0):
    """The model with weights that are neither small nor zero."""
    rng = np.random.default_rng(seed)
    weights = [scale * rng.standard_normal(w.shape) for w in model.get_weights()]
    model.set_weights([w / np.sqrt(max(1, np.prod(w.shape[:-1]))) for w in weights])
    return model


def sights(model, positions, condition=None):
    """For each (row, column, channel), the gradient of the parameters of that channel at the image,
    summed over its parameters in absolute value, of the image's shape."""
    rng = np.random.default_rng(3)
    image = ops.convert_to_tensor(rng.random((1, *model.image_shape)).astype("float32"))
    channels = model.image_shape[-1]
    for row, column, channel in positions:
        size = model.pixels.size(channels)
        own = range(size) if model.pixels.joint else range(channel, size, channels)
        weights = np.zeros(size, "float32")
        weights[list(own)] = rng.standard_normal(len(own))
        weights = ops.convert_to_tensor(weights)

        def chosen(x, row=row, column=column, weights=weights):
            return ops.sum(model.parameters(x, condition)[:, row, column] * weights, axis=-1)

        yield (row, column, channel), np.abs(array(zoo.engine.gradient(chosen, image)))[0]


def later(model, row, column, channel):
    """True for what comes after, or is, the channel of the pixel in raster order."""
    height, width, channels = model.image_shape
    number = np.arange(height * width * channels).reshape(model.image_shape)
    first = (row * width + column) * channels + (0 if model.pixels.joint else channel)
    return number >= first


def sampled_parameters(model, noise, *condition):
    """The images of `noise`, and the parameters of each pixel as sampling has computed them."""
    drawn = []
    draw = type(model.pixels).draw

    def recorded(self, parameters, numbers, temperature):
        drawn.append(array(parameters))
        return draw(self, parameters, numbers, temperature)

    nothing = np.zeros((len(noise), *model.image_shape), "float32")
    inputs = [ops.convert_to_tensor(x) for x in (noise, nothing, nothing, *condition)]
    type(model.pixels).draw = recorded
    try:
        state = model.begin(*inputs)
        for position in model.positions():
            state = model.step(ops.convert_to_tensor(position), state, 1.0, *inputs)
    finally:
        type(model.pixels).draw = draw
    return array(state[0]), drawn
