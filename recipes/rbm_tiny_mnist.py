"""An RBM of 20 hidden units. Run it: python recipes/rbm_tiny_mnist.py --help"""

import dataclasses

import zoo

import rbm_mnist


@dataclasses.dataclass(frozen=True)
class Config(rbm_mnist.Config):
    epochs: int = 100
    hidden_units: int = 20
    k: int = 5
    learning_rate: float = 0.02


RECIPE = dataclasses.replace(
    rbm_mnist.RECIPE,
    preset="rbm_tiny_mnist",
    config=Config(),
    facts=zoo.Facts(
        title="Digits of 28x28 pixels from 20 hidden units, with the exact likelihood.",
        differs=[
            "Centred persistent chains of 5 Gibbs steps, 100 of them; the rate 0.02, with momentum "
            "0.5, falls to 0 over the second half.",
            "Binary pixels, drawn anew each time.",
        ],
        limits=["Twenty units draw blurred digits, of which many are none: see its likelihood."],
    ),
    packaged=True,
    published={},
    metrics=(
        zoo.evaluation.LogLikelihood(pixels="sampled"),
        "threshold_log_likelihood",
        zoo.evaluation.AIS(pixels="sampled"),
        "linear_probe",
        "fid",
        "kid",
        "modes",
    ),
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
