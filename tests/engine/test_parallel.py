"""Two devices with half of each batch do what one does with all of it, and hold equal weights."""

import distributed
import keras
import numpy as np
import pytest
from distributed import PROGRAM, START, together
from helpers import python

import zoo
from zoo.errors import ArgumentError

BACKEND = keras.backend.backend()
# JAX sees the whole batch, and all that is tested of it is the way there.
NAMES = list(distributed.CASES)[: 6 if BACKEND == "jax" else None]
OF_PROCESSES = NAMES if BACKEND == "torch" else ["gan", "vae", "overflowing"]


@pytest.fixture(scope="module")
def alone():
    return distributed.results(None, NAMES)


@pytest.fixture(scope="module", params=["devices", "processes"])
def shared(request, tmp_path_factory):
    """What each process of a training on two devices reports."""
    out = tmp_path_factory.mktemp("out") / "of"
    if request.param == "processes":
        runs, count = START([PROGRAM, "none", out, ",".join(OF_PROCESSES)]), 2
    elif BACKEND == "torch":
        pytest.skip("on PyTorch each device is a process")
    else:
        runs, count = [([PROGRAM, 2, out, ",".join(NAMES)], {})], 1
    for code, output in together(runs):
        assert code == 0, output
    found = []
    for index in range(count):
        with np.load(f"{out}-{index}.npz") as arrays:
            found.append(dict(arrays))
    return found


def skip_without(shared, name):
    if not any(key.startswith(f"{name}/") for key in shared[0]):
        pytest.skip("the devices of one process have shown it")


@pytest.mark.parametrize("name", NAMES)
def test_two_devices_do_what_one_does(alone, shared, name):
    expected = {key: value for key, value in alone.items() if key.startswith(f"{name}/")}
    skip_without(shared, name)
    if name == "batch_norm" and BACKEND != "jax":
        pytest.skip("Keras's own batch norm sees the rows of one replica, see below")
    for key, value in expected.items():
        if key.endswith("/inactive"):
            continue  # its largest activation is that of one replica's rows
        # The inverse of a flow magnifies the rounding of its weights.
        tolerance = 1e-4 if key == "glow/samples" else 1e-5
        for found in shared:
            rows = found[key] if "/weights/" in key else found[key][None]
            for row in rows:
                wanted = value[0] if "/weights/" in key else value
                np.testing.assert_allclose(row, wanted, rtol=tolerance, atol=tolerance, err_msg=key)


def test_all_hold_the_same_bit_for_bit(shared):
    devices = 2 // len(shared)
    for key, value in shared[0].items():
        for found in shared if "/" in key else []:
            np.testing.assert_array_equal(found[key], value, err_msg=key)
            if "/weights/" in key:
                assert len(found[key]) == devices
                for row in found[key]:
                    np.testing.assert_array_equal(row, value[0], err_msg=key)
    assert [int(found["process"]) for found in shared] == list(range(len(shared)))


def test_the_first_process_saves_alone(shared):
    np.testing.assert_allclose(shared[0]["saved"], shared[0]["vae/samples"], atol=1e-6)
    assert "saved" not in [*shared[1:], {}][0]


@pytest.mark.skipif(BACKEND == "jax", reason="JAX computes batch norm over the whole batch")
def test_keras_batch_norm_sees_one_replicas_rows(alone, shared):
    """A difference that is documented; its statistics are averaged, so that all are equal."""
    skip_without(shared, "batch_norm")
    means = [key for key in alone if key.startswith("batch_norm/") and "moving_mean" in key]
    assert len(means) == 2  # of the generator and of its average
    for key in means:
        assert 1e-5 < np.abs(shared[0][key][0] - alone[key][0]).max() < 1


def test_all_skip_a_step_that_overflows_on_one(shared):
    """The discriminator's scale is halved once; of the four steps its optimizer counts three."""
    state = {k: v for k, v in shared[0].items() if k.startswith("overflowing/weights/optimizer/")}
    found = {
        what: sorted(float(v[0]) for k, v in state.items() if f"/{what}/" in k)
        for what in ("scale", "counter", "iteration")
    }
    assert found["scale"] == [2.0**14, 2.0**15]
    assert found["counter"] == [2, 4]  # steps since the last overflow
    assert found["iteration"] == [3, 4, 4]  # of the discriminator, the generator, and `fit`


class TestErrors:
    def test_of_what_is_no_number(self):
        for devices, message in (
            ("many", "devices must be a number or 'auto'.*'many'"),
            (0, "devices must be a whole number of at least 1.*0"),
        ):
            with pytest.raises(ArgumentError, match=message), zoo.distribute(devices):
                pass

    def test_of_devices_that_are_not_there(self):
        """After the first computation, which has been, there are no more than there were."""
        keras.ops.convert_to_numpy(keras.ops.ones(3) + 1)
        with pytest.raises(ArgumentError, match="devices"), zoo.distribute(7):
            pass

    def test_of_batches_that_cannot_be_shared(self):
        if BACKEND == "torch":
            pytest.skip("needs processes: see the command line")
        done = python("-c", INDIVISIBLE)
        assert done.returncode == 0, done.stderr
        messages = done.stdout.splitlines()
        assert messages == [
            "batch_size must be a multiple of the number of devices, 2. Received: 5.",
            "batch_size must be a multiple of the number of devices, 2. Received: 5.",
            "The last batch must be a multiple of the number of devices, 2. Received: 3 images, "
            "of 7 in batches of 4. Leave out 1.",
            "The last batch must be a multiple of the number of devices, 2. Received: 3 images, "
            "of 7 in batches of 4. Leave out 1.",
            "validation_split is for one device: give validation_data.",
        ]


INDIVISIBLE = """
import numpy as np, zoo
with zoo.distribute(2):
    model = zoo.create("vae", image_shape=(4, 4, 1), latent_dim=2, hidden_units=(4,))
    model.compile()
    images = np.zeros((7, 4, 4, 1), "float32")
    pixels = images.astype("uint8")
    for method, data, size, more in (
        (model.fit, images, 5, {}),
        (model.fit, zoo.data.load(pixels, batch_size=5, value_range=(0, 1)), None, {}),
        (model.fit, images, 4, {}),
        (model.evaluate, zoo.data.load(pixels, batch_size=4, value_range=(0, 1)), None, {}),
        (model.fit, images, 4, {"validation_split": 0.5}),
    ):
        try:
            method(data, batch_size=size, verbose=0, **more)
        except zoo.errors.ArgumentError as error:
            print(error)
"""


def test_one_device_changes_nothing():
    with zoo.distribute() as first:
        assert first is True
        assert (zoo.engine.devices(), zoo.engine.replicas(), zoo.engine.process()) == (1, 1, (0, 1))
        assert zoo.engine.is_chief()
        values = [keras.ops.ones(3)]
        assert zoo.engine.averaged(values) is values


ALL_REDUCE = """
import sys, numpy as np, keras, zoo
from keras import ops
from zoo import engine
with zoo.distribute(None if sys.argv[1] == "none" else int(sys.argv[1])):
    numbers = np.array([[1.0, 2.0], [4.0, -1.0]], "float32")

    def step():
        x = ops.convert_to_tensor(numbers)[engine.replica()]
        w = x * 1.0
        def value(w):
            mean = engine.all_reduce_mean(w * w)
            return ops.sum(mean * mean) + 0.0 * ops.sum(w)
        first = engine.gradient(value, w)
        second = engine.gradient(lambda v: engine.gradient(value, v), w)
        return engine.all_reduce_mean(w), first, second

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf
        strategy = tf.distribute.get_strategy()
        found = tf.function(lambda: strategy.run(step))()
        found = [strategy.experimental_local_results(x) for x in found]
    else:
        found = [[x] for x in step()]
    lines = []
    rows = [engine.process()[0]] if len(found[0]) == 1 else [0, 1]
    for i, row in enumerate(rows):
        x, other = numbers[row].astype("float64"), numbers[1 - row]
        mean = (x * x + other * other) / 2
        # Of the sum S of both replicas' values, S = 2 m^2 with m = (x^2 + y^2) / 2.
        first = 4 * mean * x
        # Of the sum of both gradients, 4 m x + 4 m y.
        second = 4 * mean + 4 * x * x + 4 * x * other
        for name, value, expected in zip(("mean", "first", "second"), found, (
            numbers.mean(0), first, second)):
            value = ops.convert_to_numpy(value[i])
            same = np.allclose(value, expected, rtol=1e-5)
            lines.append(f"{row} {name} {same} {value} {expected}\\n")
    print(end="".join(lines), flush=True)  # at once: two processes write to one place
"""


@pytest.mark.skipif(BACKEND == "jax", reason="JAX sees the whole batch: there is nothing to reduce")
def test_the_mean_over_replicas_is_differentiable_twice(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(ALL_REDUCE)
    ways = [START([program, "none"])]
    if BACKEND == "tensorflow":
        ways.append([([program, 2], {})])
    for way in ways:
        lines = []
        for code, output in together(way):
            assert code == 0, output
            lines += [line for line in output.splitlines() if line[:2] in ("0 ", "1 ")]
        assert len(lines) == 6, lines
        for line in lines:
            assert " True " in line, line
