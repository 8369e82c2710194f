"""The engine on TensorFlow, with gradients from tapes and speed from `tf.function`.

Variables are stateful already.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import itertools
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence

import keras
import numpy as np
import tensorflow as tf
from tensorflow.python.eager import context
from tensorflow.python.util import _pywrap_util_port

from zoo.engine.adam import is_plain_adam
from zoo.engine.parallel import tensorflow as parallel
from zoo.engine.xla import traced


def value_and_grad(loss_fn: Callable, variables: Sequence) -> tuple:
    watched = [v.value for v in variables]
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(watched)
        loss, aux = loss_fn()
    grads = tape.gradient(loss, watched, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return (loss, aux), grads


def gradient(fn: Callable, x, has_aux: bool = False):
    x = tf.convert_to_tensor(x)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(x)
        y, aux = fn(x) if has_aux else (fn(x), None)
        total = tf.reduce_sum(y)
    grad = tape.gradient(total, x, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return (grad, aux) if has_aux else grad


def apply_gradients(optimizer, grads: Sequence, variables: Sequence) -> None:
    # Keras sums gradients over replicas, also over one, through one `IdentityN` of all gradients.
    # TensorFlow's graph rewriter sees a path in it from each gradient to each update. It drops the
    # order of reads before updates, which these paths imply, and then removes the node with its
    # paths. Some updates then overtake a forward pass that reads the weight. The gradients are
    # averaged before they come here, so that there is nothing to sum.
    if _adam_step(optimizer, grads, variables):
        return
    vars(optimizer)["_all_reduce_sum_gradients"] = list
    optimizer.apply(grads, variables)


def _adam_step(optimizer, grads, variables) -> bool:
    """Take one step of Adam by one operation for each weight, where Keras has a dozen.

    Returns:
        Whether the step was taken, which needs the paper's rule without any extra.
    """
    if tf.distribute.has_strategy() or not is_plain_adam(optimizer, variables):
        return False
    rate = tf.cast(optimizer.learning_rate, tf.float32)  # the rate of a schedule at this step
    optimizer.iterations.assign_add(1)
    steps = tf.cast(optimizer.iterations.value, tf.float32)
    for variable, grad in zip(variables, grads, strict=True):
        index = optimizer._get_variable_index(variable)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.value.handle,
            m=optimizer._momentums[index].value.handle,
            v=optimizer._velocities[index].value.handle,
            beta1_power=tf.pow(optimizer.beta_1, steps),
            beta2_power=tf.pow(optimizer.beta_2, steps),
            lr=rate,
            beta1=optimizer.beta_1,
            beta2=optimizer.beta_2,
            epsilon=optimizer.epsilon,
            grad=grad,
        )
    return True


def read_as_tensors(variables) -> contextlib.AbstractContextManager:
    if not tf.executing_eagerly():  # TensorFlow has converted them
        return contextlib.nullcontext()
    tensors = [(v, tf.convert_to_tensor(v.value)) for v in variables]
    return keras.StatelessScope(state_mapping=tensors)


def device() -> str:
    """Return `"CPU"`, or the name of the accelerator that computes."""
    gpus = tf.config.get_visible_devices("GPU")
    if not gpus:
        return "CPU"
    return tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU")


def is_out_of_memory(error: BaseException) -> bool:
    return isinstance(error, tf.errors.ResourceExhaustedError)


def jit_by_default() -> bool:
    """Return whether `jit_compile="auto"` compiles with this backend and device."""
    # XLA's CPU convolutions take nearly twice the time of TensorFlow's own.
    return can_jit() and bool(tf.config.get_visible_devices("GPU"))


def can_jit() -> bool:
    """Return whether `jit_compile=True` can be met."""
    # XLA compiles neither collective operations nor variables of several devices.
    return parallel.replicas() == 1 and not tf.distribute.has_strategy()


def use_onednn() -> bool:
    return _pywrap_util_port.IsMklEnabled()  # it was chosen when TensorFlow was imported


def synchronize(model: keras.Model) -> None:
    pass


def computes_after_a_fork() -> bool:
    return False


def forget_kernels() -> None:
    # It keeps 35 KiB for the name of each variable that ever was. Kernels in use are made again.
    context.context().clear_kernel_cache()


def compiled(fn: Callable, model: keras.Model) -> Callable:
    del model  # its variables are captured by reference
    # TensorFlow counts tracings by the code of a function, and would take the functions of several
    # models for one that is traced again and again. A partial has no code, and counts alone.
    function = tf.function(functools.partial(_applied, fn), reduce_retracing=True)
    programs = {}

    def call(*args):
        plain = all(isinstance(x, np.ndarray) for x in args)
        eager = tf.executing_eagerly() and not tf.config.functions_run_eagerly()
        if not plain or not eager or tf.distribute.has_strategy():
            return function(*keras.tree.map_structure(tf.convert_to_tensor, args))
        # TensorFlow would look for the program of each call as long as a small network computes.
        kind = tuple((x.shape, x.dtype) for x in args)
        tensors = [tf.convert_to_tensor(x) for x in args]
        if kind not in programs:
            programs[kind] = function.get_concrete_function(*tensors)
        return programs[kind](*tensors)

    return call


def _applied(fn: Callable, *args):
    return fn(*args)  # by position alone, as programs are called


def to_numpy(x) -> np.ndarray:
    return np.asarray(x)


class StepAdaptor:
    """A mixin that gives `training_logs` and `validation_logs` Keras's TensorFlow signatures."""

    @property
    def turns(self):
        # A thread that Python did not start reads data for a step, which waits for them.
        if isinstance(threading.current_thread(), threading._DummyThread):
            return contextlib.nullcontext()
        return super().turns

    def in_turn(self, function, kind: str):
        def step(iterator):
            with self.turns:
                return function(iterator)

        return step

    def _make_function(self, step_function):
        several = self.steps_per_execution > 1 or tf.distribute.has_strategy()
        by_keras = super()._make_function(step_function)
        if self.run_eagerly or several:
            return by_keras

        # Keras hands its result over in a `tf.experimental.Optional`, and TensorFlow looks for the
        # program of each call anew. Both take as long as the step of a small model.
        @tf.autograph.experimental.do_not_convert
        def on_data(data):
            return step_function(data)

        on_data = tf.function(on_data, reduce_retracing=True, jit_compile=self.jit_compile)
        on_data = self._autoconvert_optionals(on_data)

        @tf.autograph.experimental.do_not_convert
        def on_iterator(iterator):
            return on_data(iterator.get_next())

        on_iterator = tf.function(on_iterator, reduce_retracing=True)
        programs = {}

        def function(iterator):
            if not isinstance(iterator, tf.data.Iterator):
                return by_keras(iterator)
            spec = iterator.element_spec
            if spec not in programs:
                programs[spec] = on_iterator.get_concrete_function(iterator)
            return programs[spec](iterator)

        return function

    # TensorFlow finds the end of the data, or an error in them, within the step. The rest of the
    # step waits for the data, since what does not depend on them would be done once too often.

    def train_step(self, data):
        with traced(self.jit_compile), tf.control_dependencies(_arrived(data)):
            return self.training_logs(data)

    def predict_step(self, data):
        return super().predict_step(self.inputs_of_call(data))

    def test_step(self, data):
        with traced(self.jit_compile), tf.control_dependencies(_arrived(data)):
            return self.validation_logs(data)

    def fit(self, x=None, y=None, batch_size=None, shuffle=True, **options):
        if _are_plain_arrays(x, y, shuffle, options):
            x, y = _from_arrays(x, y, batch_size or 32, shuffle), None
            options["validation_batch_size"] = options.get("validation_batch_size") or batch_size
            batch_size, shuffle = None, False
        return super().fit(x, y, batch_size, shuffle=shuffle, **options)

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        # Under a strategy Keras would take a batch from the data to build the model, which is
        # built already.
        pass


def feed(batches, start: int = 0):
    begin = start if callable(start) else lambda: start
    gather = batches.gather() if hasattr(batches, "gather") else None
    if gather is not None:
        dataset = _gathered(gather, begin)
    elif hasattr(batches, "stream"):
        dataset = _from_python(_like(batches.step(0)), lambda: batches.stream(begin()))
    else:
        stream = iter(batches)
        first = next(stream)
        dataset = _from_python(_like(first), lambda: itertools.chain([first], stream))
    dataset = _prefetched(dataset)
    dataset.read_once = True  # whoever looks at its first batch takes it away from `fit`
    return dataset


def _prefetched(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """Return `dataset` with two batches prepared ahead."""
    # With autotune TensorFlow waits for its thread when an iterator is destroyed. The wait is about
    # 50 ms for each step that was taken, which is most of the time of a small model's epoch.
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.prefetch(2).with_options(options)


def _are_plain_arrays(x, y, shuffle, options) -> bool:
    """Return whether `fit` gets arrays of equally many rows that `_from_arrays` can feed.

    Keras's own path is left to calls with options that it must see.
    """
    arrays = [x] if y is None else [x, y]
    return (
        all(isinstance(array, np.ndarray) or tf.is_tensor(array) for array in arrays)
        and len({len(array) for array in arrays}) == 1
        and isinstance(shuffle, bool)
        and options.get("steps_per_epoch") is None
        and not tf.distribute.has_strategy()
    )


def _from_arrays(x, y, batch_size: int, shuffle: bool) -> tf.data.Dataset:
    """Return the batches that Keras makes of arrays, without the wait that `_prefetched` avoids."""
    with tf.device("CPU:0"):
        arrays = [tf.convert_to_tensor(array) for array in ([x] if y is None else [x, y])]
    rows = tf.data.Dataset.range(len(arrays[0]))
    rows = rows.shuffle(len(arrays[0])) if shuffle else rows
    rows = rows.batch(batch_size)
    return _prefetched(
        rows.map(lambda row: tuple(tf.gather(a, row) for a in arrays), num_parallel_calls=2)
    )


def _like(batch):
    """Return what TensorFlow must know of the arrays of `batch`, in its structure."""
    return keras.tree.map_structure(lambda x: tf.TensorSpec(x.shape, x.dtype), batch)


def _from_python(signature, stream: Callable[[], Iterable]) -> tf.data.Dataset:
    """Return the batches of the Python stream `stream()`, which are like `signature`, as a dataset.

    Each iterator of the dataset reads a stream of its own. It is closed at its end, or with the
    dataset. `Dataset.from_generator` would make each later step of the process map its memory anew.
    """
    specs = keras.tree.flatten(signature)
    nothing = [np.zeros([n or 0 for n in s.shape], s.dtype.as_numpy_dtype) for s in specs]
    read: dict[int, Iterator] = {}
    numbers = itertools.count()

    def begin():
        number = next(numbers)
        read[number] = iter(stream())
        return np.int64(number)

    def more(number):
        batch = next(read[number], None)
        if batch is None:
            del read[number]
            return np.False_, *nothing
        arrays = zip(keras.tree.flatten(batch), specs, strict=True)
        return np.True_, *(np.asarray(x, s.dtype.as_numpy_dtype) for x, s in arrays)

    @tf.autograph.experimental.do_not_convert
    def batches_of(number):
        def batch(_):
            there, *arrays = _by_python(more, [number], [tf.bool, *(s.dtype for s in specs)])
            known = [tf.ensure_shape(x, s.shape) for x, s in zip(arrays, specs, strict=True)]
            return tf.ensure_shape(there, ()), keras.tree.pack_sequence_as(signature, known)

        found = tf.data.Dataset.range(tf.int64.max).map(batch)
        return found.take_while(lambda there, _: there).map(lambda _, batch: batch)

    return _owning(_numbered(begin).flat_map(batches_of), more)


def _numbered(number: Callable[[], int]) -> tf.data.Dataset:
    """Return a dataset of the integer that `number` returns when the data are read."""

    @tf.autograph.experimental.do_not_convert
    def read(_):
        return tf.ensure_shape(_by_python(number, [], tf.int64), ())

    return _owning(tf.data.Dataset.range(1).map(read), number)


def _by_python(function: Callable, inputs: Sequence, types):
    """Return the result of `tf.numpy_function`, without keeping `function` alive.

    TensorFlow keeps each function for ever, with the data that it reads. So its dataset owns it.
    """
    is_method = inspect.ismethod(function)
    weak = weakref.WeakMethod(function) if is_method else weakref.ref(function)
    return tf.numpy_function(lambda *arrays: weak()(*arrays), inputs, types)


def _owning(dataset: tf.data.Dataset, function: Callable) -> tf.data.Dataset:
    """Return `dataset`, with which `function` lives: see `_by_python`."""
    dataset.function = function
    return dataset


def batches(stream):
    source = stream.source
    if hasattr(stream, "start"):
        return feed(stream, stream.start)
    if getattr(source, "read_once", False) or isinstance(source, tf.distribute.DistributedDataset):
        return source
    if reads_itself(source):
        return _owning(source.map(lambda *element: _looked_at(stream, element)), stream.is_right)
    signature = tuple(tf.TensorSpec((None, *x.shape[1:]), x.dtype) for x in stream.first)
    dataset = _from_python(signature, lambda: stream)
    return dataset if stream.read_once else _prefetched(dataset)


def reads_itself(source) -> bool:
    return isinstance(source, tf.data.Dataset | tf.distribute.DistributedDataset)


@tf.autograph.experimental.do_not_convert
def _looked_at(stream, element: tuple) -> tuple:
    """Return the tensors of an element of a pipeline, in the shapes and types of the first batch.

    Python looks at the batches alone that seem to be wrong, and says what is.
    """
    parts = stream.parts(element)[: len(stream.first)]
    fine = [
        _seems_right(x, first, bounds)
        for x, first, bounds in zip(parts, stream.first, stream.bounds, strict=True)
    ]

    seen = tf.cond(
        tf.reduce_all(fine), lambda: True, lambda: _by_python(stream.is_right, parts, tf.bool)
    )
    with tf.control_dependencies([seen]):
        return tuple(
            tf.cast(tf.reshape(x, (-1, *first.shape[1:])), first.dtype)
            for x, first in zip(parts, stream.first, strict=True)
        )


def _seems_right(x, first: np.ndarray, bounds: tuple | None):
    """Return whether a tensor has rows of the shape of those of `first`, in `bounds`."""
    shape = tf.constant(first.shape[1:], tf.int32)
    same = tf.cond(
        tf.equal(tf.rank(x), first.ndim),
        lambda: tf.reduce_all(tf.equal(tf.shape(x)[1:], shape)),
        lambda: False,
    )
    low, high = bounds or (x.dtype.min, x.dtype.max)
    # A comparison with NaN is false.
    return same & tf.reduce_all((x >= tf.cast(low, x.dtype)) & (x <= tf.cast(high, x.dtype)))


def _arrived(data) -> list:
    """Return operations that are done as soon as all tensors of `data` have their values."""
    return [tf.identity(x) for x in tf.nest.flatten(data) if x is not None]


def _gathered(gather, begin: Callable[[], int]) -> tf.data.Dataset:
    """Return batches of arrays as a dataset without Python in each step.

    Python would take longer than the rest of the pipeline.
    """
    low, high = gather.value_range or (0.0, 1.0)
    with tf.device("CPU:0"):  # pipelines run there
        images, *labels = (tf.constant(array) for array in gather.arrays)
        scale = tf.constant((high - low) / 255, "float32")

    @tf.autograph.experimental.do_not_convert
    def rows(epoch):
        numbers = _by_python(gather.rows, [epoch], tf.int64)
        numbers = tf.ensure_shape(numbers, (gather.steps, gather.batch_size))
        return tf.data.Dataset.from_tensor_slices(numbers)

    @tf.autograph.experimental.do_not_convert
    def batch(rows):
        selected = tf.gather(images, rows)
        if gather.value_range is not None:
            selected = tf.cast(selected, tf.float32) * scale + low
        return (selected, *(tf.gather(x, rows) for x in labels))

    @tf.autograph.experimental.do_not_convert
    def rows_from(start):
        epochs = tf.data.Dataset.range(start // gather.steps, tf.int64.max)
        return epochs.flat_map(rows).skip(start % gather.steps)

    starts = _numbered(lambda: np.int64(begin()))
    numbers = _owning(starts.flat_map(rows_from), gather.rows)
    return numbers.map(batch, num_parallel_calls=2)
