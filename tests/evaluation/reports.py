"""Reports that nobody measured."""

from zoo.evaluation import Report
from zoo.metrics import Measurement, Protocol


def report(model, n=100, trainings=(), **values):
    """Numbers of two seeds, on n images; `trainings` are added to the values of other ones."""
    return Report(
        model=model,
        measurements=[
            Measurement(
                name=name,
                value=value,
                spread=0.3,
                seeds=[0, 1],
                better="lower",
                other_trainings=[value + more for more in trainings],
                protocol=Protocol(
                    metric=name,
                    data="mnist",
                    data_sha256="a" * 64,
                    images="28x28x1 8-bit",
                    n_real=n,
                    n_fake=n,
                ),
            )
            for name, value in values.items()
        ],
    )
