"""The random numbers on TensorFlow, which do not depend on XLA."""

from __future__ import annotations

import contextlib
import math

import keras
import tensorflow as tf

from zoo.engine import xla


def normal(shape, seed):
    if not xla.compiles():
        return keras.random.normal(shape, dtype="float32", seed=seed)
    size = tf.reduce_prod(shape)
    # Box and Muller's rule on each pair of uniform numbers, as in TensorFlow's kernel.
    radius, angle = tf.unstack(_uniform(((size + 1) // 2, 2), seed), axis=1)
    radius = tf.sqrt(-2.0 * tf.math.log(tf.maximum(radius, 1e-7)))
    angle = 2.0 * math.pi * angle
    pairs = tf.stack([tf.sin(angle) * radius, tf.cos(angle) * radius], axis=1)
    return tf.reshape(tf.reshape(pairs, (-1,))[:size], shape)


def uniform(shape, seed):
    if not xla.compiles():
        return keras.random.uniform(shape, dtype="float32", seed=seed)
    return _uniform(shape, seed)


def _uniform(shape, seed):
    """Return the numbers of TensorFlow's kernel; XLA's makes other ones of the same bits."""
    state = seed.next() if isinstance(seed, keras.random.SeedGenerator) else [seed, 0]
    state = tf.cast(tf.math.floormod(tf.cast(state, tf.int64), tf.int32.max - 1), tf.int32)
    start = tf.raw_ops.StatelessRandomGetKeyCounter(seed=state)
    bits = tf.raw_ops.StatelessRandomUniformFullIntV2(
        shape=shape, key=start.key, counter=start.counter, alg=1, dtype=tf.uint32
    )  # by Philox
    return tf.bitcast((bits & 0x7FFFFF) | 0x3F800000, tf.float32) - 1.0


def on_host() -> contextlib.AbstractContextManager:
    return contextlib.nullcontext()
