"""What `fit`, `evaluate` and `compile` are given by mistake: one clear error each."""

import keras
import numpy as np
import pytest

import zoo


def vae(**changes):
    model = zoo.create("vae", image_shape=(8, 8, 1), latent_dim=2, hidden_units=(4,))
    model.compile(**changes)
    return model


def images(n=20, high=1.0):
    return np.random.default_rng(0).random((n, 8, 8, 1), dtype="float32") * high


def generator(x):
    for start in range(0, len(x), 10):
        yield (x[start : start + 10],)


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("fit", {"batch_size": 0}),
        ("fit", {"batch_size": "4"}),
        ("fit", {"steps_per_epoch": 2.5}),
        ("fit", {"steps_per_epoch": 0}),
        ("fit", {"epochs": "2"}),
        ("fit", {"validation_freq": 0}),
        ("fit", {"validation_steps": -1}),
        ("evaluate", {"batch_size": -1}),
        ("predict", {"steps": 0}),
    ],
)
def test_counts(method, arguments):
    ((name, value),) = arguments.items()
    with pytest.raises(ValueError, match=rf"{name} must be a whole number .*Received: {value!r}"):
        getattr(vae(), method)(images(), verbose=0, **arguments)


def test_arrays_of_objects():
    for call in (vae().fit, vae().reconstruct, vae().predict):
        with pytest.raises(ValueError, match="Received: Python objects, dtype object|array of im"):
            call(images().astype(object))


def test_an_optimizer_that_no_player_would_use(tmp_path):
    model = vae()
    model.optimizer = keras.optimizers.SGD()
    for call in (model.fit, model.train_on_batch, lambda x: model.save(tmp_path / "model.keras")):
        with pytest.raises(ValueError, match=r"compile\(\) has set. Received: SGD. Call compile"):
            call(images())
    assert not list(tmp_path.iterdir())
    model.compile("sgd")
    model.fit(images(), verbose=0)


def test_values_are_looked_at_in_every_row():
    x = images(600)
    x[-1] = 200
    with pytest.raises(ValueError, match=r"x must hold values in \[0.0, 1.0\].*to 200"):
        vae().fit(x, verbose=0)
    x[-1] = np.nan
    with pytest.raises(ValueError, match="x must be finite"):
        vae().evaluate(x, verbose=0)


def test_values_of_tensors():
    x = keras.ops.convert_to_tensor(images(high=255))
    with pytest.raises(ValueError, match=r"x must hold values in \[0.0, 1.0\].*source="):
        vae().fit(x, verbose=0)


def test_values_of_generators_and_data_sets():
    message = r"images of x must hold values in \[0.0, 1.0\]"
    with pytest.raises(ValueError, match=message):
        vae().fit(generator(images(high=255)), verbose=0)

    class Batches(keras.utils.PyDataset):
        def __len__(self):
            return 1

        def __getitem__(self, index):
            return (images(high=255),)

    with pytest.raises(ValueError, match=message):
        vae().fit(Batches(), verbose=0)


def test_batches_of_another_range():
    batches = zoo.data.load(np.zeros((20, 8, 8), "uint8"))
    message = r"x must hold images in \[0.0, 1.0\], the value_range of VAE.*\(-1.0, 1.0\)"
    with pytest.raises(ValueError, match=message):
        vae().fit(batches, verbose=0)
    vae().fit(zoo.data.load(np.zeros((64, 8, 8), "uint8"), value_range=(0, 1)), verbose=0)


def test_sample_weights_without_labels():
    for weights in ({"sample_weight": np.zeros(20)}, {"class_weight": {0: 1.0}}):
        with pytest.raises(ValueError, match="takes no sample_weight and no class_weight"):
            vae().fit(images(), verbose=0, **weights)
    with pytest.raises(ValueError, match="takes no sample_weight"):
        vae().evaluate(images(), sample_weight=np.zeros(20), verbose=0)


@pytest.mark.parametrize("kind", [tuple, list])
def test_data_and_labels_as_one_argument(kind):
    model = vae()
    for call in (model.fit, model.evaluate, model.train_on_batch, model.test_on_batch):
        for parts in ([images(), np.zeros(20)], [images(), None, None]):
            with pytest.raises(ValueError, match=r"x must hold images .*alone.*: fit\(x, y\)"):
                call(kind(parts))
    with pytest.raises(ValueError, match=r"validation_data must hold .*validation_data=\(x, y\)"):
        model.fit(images(), validation_data=((images(), np.zeros(20)),))


def test_nothing():
    with pytest.raises(ValueError, match="x is missing"):
        vae().fit()
    model = zoo.create("vae", image_shape=(8, 8, 1), hidden_units=(4,))
    for method in (model.fit, model.evaluate):
        with pytest.raises(ValueError, match="VAE is not compiled: call compile"):
            method(images())


def test_labels_as_a_list():
    model = zoo.create("conditional_vae", image_shape=(8, 8, 1), num_classes=3, hidden_units=(4,))
    model.compile()
    model.fit(images(6), [0, 1, 2, 0, 1, 2], verbose=0)
    with pytest.raises(ValueError, match=r"y must lie in 0 to 2.*Received: 3"):
        model.fit(images(2), [0, 3], verbose=0)
    with pytest.raises(ValueError, match="needs labels, one for each row"):
        model.decode(np.zeros((2, model.latent_dim)))
    with pytest.raises(ValueError, match="is called with two inputs"):
        model.predict(images(2), verbose=0)


@pytest.mark.parametrize("optimizer", ["foo", [1], 3])
def test_optimizers(optimizer):
    with pytest.raises(ValueError, match=r"optimizer must be a keras\.optimizers\.Optimizer or"):
        vae(optimizer=optimizer)
    with pytest.raises(ValueError, match=r"optimizer\['model'\] must be"):
        vae(optimizer={"model": optimizer})


def test_losses_that_cannot_be_meant():
    model = zoo.create("autoencoder", image_shape=(8, 8, 1), width=2)
    with pytest.raises(ValueError, match=r"loss is called with \(images, logits\).*MeanSquared"):
        model.compile(loss=keras.losses.MeanSquaredError())
    model = zoo.create("denoising_autoencoder", image_shape=(8, 8, 1), latent_dim=2)
    with pytest.raises(ValueError, match=r"corruption is called with \(images, random\)"):
        model.compile(corruption=lambda images: images)


def test_bodies_that_squash_their_logits():
    layers = keras.layers
    image = keras.Input((8, 8, 1))
    judge = keras.Model(image, layers.Dense(1, activation="sigmoid")(layers.Flatten()(image)))
    with pytest.raises(ValueError, match="discriminator must give logits.*'sigmoid'"):
        zoo.create("gan", image_shape=(8, 8, 1), discriminator=judge)
    code = keras.Input((4,))
    image = layers.Reshape((8, 8, 1))(layers.Dense(64)(code))
    decoder = keras.Model(code, layers.Activation("sigmoid")(image))
    with pytest.raises(ValueError, match="decoder must give logits"):
        zoo.create("autoencoder", image_shape=(8, 8, 1), latent_dim=4, width=2, decoder=decoder)


def test_names_that_are_nearly_right():
    with pytest.raises(ValueError, match="Nearest: gan"):
        zoo.create("GAN")
    with pytest.raises(ValueError, match=r"zoo\.load\('dcgan_mnist'\) loads a preset"):
        zoo.create("dcgan_mnist")
    with pytest.raises(ValueError, match=r"'beta' is an argument of its compile\(\)"):
        zoo.create("beta_vae", image_shape=(8, 8, 1), beta=5)


def test_jit_is_what_suits_the_backend():
    # On a CPU: XLA for JAX alone.
    assert vae().jit_compile is (keras.backend.backend() == "jax")
    assert vae(run_eagerly=True).jit_compile is False
    with pytest.raises(ValueError, match=r"jit_compile must be True, False or 'auto'.*'yes'"):
        vae(jit_compile="yes")
