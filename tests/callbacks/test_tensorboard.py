"""Keras's TensorBoard callback, which writes through TensorFlow on each backend."""

import pytest
from helpers import python

PROGRAM = """
import importlib.util, pathlib, sys
if not importlib.util.find_spec("tensorflow"):
    sys.exit("no tensorflow")
import keras, numpy, zoo
model = zoo.create("vae", image_shape=(8, 8, 1), latent_dim=2, hidden_units=(4,))
model.compile()
images = numpy.zeros((8, 8, 8, 1), "float32")
model.fit(images, batch_size=4, epochs=2, verbose=0,
callbacks=[keras.callbacks.TensorBoard(sys.argv[1])])
print(len(list(pathlib.Path(sys.argv[1]).rglob("events*"))))
"""


def test_tensorboard(tmp_path):
    # Here TensorFlow is present, whatever the backend.
    done = python("-c", PROGRAM, tmp_path, ZOO_TEST_BACKEND="")
    if "no tensorflow" in done.stderr:
        pytest.skip("keras.callbacks.TensorBoard needs TensorFlow, which is not installed")
    assert int(done.stdout.split()[-1]) > 0, done.stderr
