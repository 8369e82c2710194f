"""The meaning of each number of the metrics: what it measures, and what is good."""

from __future__ import annotations

from typing import NamedTuple

from zoo.metrics.protocol import Measurement


class Meaning(NamedTuple):
    """The meaning of a number.

    Attributes:
        says: a sentence on what it measures.
        best: a clause on the best value or on a value to compare with, if there is one for all
            models and data.
    """

    says: str
    best: str | None = None


PRECISION = Meaning(
    "The share of samples that lie among the test data: how real they look.", "1 is the highest"
)
RECALL = Meaning(
    "The share of test data that lie among the samples: how much of their variety samples have.",
    "1 is the highest",
)
P_VALUE = "a value below 0.05 shows that samples differ from the data"
UNBIASED = "0 is the best, and chance may put it a little below"

# For each metric, the meaning of its numbers. docs/metrics.md explains them at length.
MEANINGS: dict[str, dict[str, Meaning]] = {
    "fid": {
        "fid": Meaning(
            "The Fréchet distance between the features of samples and of test data, each set taken "
            "for a normal distribution.",
            "0 is the best",
        )
    },
    "kid": {
        "kid": Meaning(
            "The squared distance between the features of samples and of test data under a "
            "polynomial kernel.",
            UNBIASED,
        )
    },
    "prdc": {
        "precision": PRECISION,
        "recall": RECALL,
        "density": Meaning(
            "The number of neighbourhoods of test data that hold a sample, on average and relative "
            "to their size; outliers of the data weigh less than in precision.",
            "samples of the data's own distribution have about 1",
        ),
        "coverage": Meaning(
            "The share of test data whose neighbourhood holds a sample; outliers of the samples "
            "weigh less than in recall.",
            "1 is the highest",
        ),
    },
    "precision_recall": {"precision": PRECISION, "recall": RECALL},
    "mmd": {
        "mmd": Meaning(
            "The squared maximum mean discrepancy between samples and test data under a Gaussian "
            "kernel.",
            UNBIASED,
        ),
        "mmd_p_value": Meaning(
            "The probability of so large a discrepancy between two sets of one distribution.",
            P_VALUE,
        ),
    },
    "energy": {
        "energy": Meaning(
            "The energy distance between samples and test data.",
            "two equal sets have 0",
        ),
        "energy_p_value": Meaning(
            "The probability of so large an energy distance between two sets of one distribution.",
            P_VALUE,
        ),
    },
    "c2st": {
        "c2st": Meaning(
            "The accuracy of a classifier that tells samples from test data.",
            "0.5, which is guessing, is the best",
        ),
        "c2st_p_value": Meaning("The probability of so high an accuracy by guessing.", P_VALUE),
    },
    "modes": {
        "modes_covered": Meaning(
            "The number of classes among the samples, as the extractor classifies them."
        ),
        "mode_share": Meaning("The share of all classes that the samples have.", "1 is the best"),
        "mode_kl": Meaning(
            "The Kullback-Leibler divergence of the class frequencies of samples from equal ones, "
            "in nats.",
            "equal frequencies have 0",
        ),
        "confident": Meaning(
            "The share of samples whose class the extractor is sure of.", "1 is the highest"
        ),
        "confident_modes": Meaning(
            "The number of classes among the samples whose class the extractor is sure of."
        ),
    },
    "mixture_modes": {
        "modes_covered": Meaning(
            "The number of the data's modes that the samples cover, each with a quarter of its "
            "fair share at least."
        ),
        "mode_share": Meaning(
            "The share of the data's modes that the samples cover.", "1 is the best"
        ),
        "high_quality": Meaning(
            "The share of samples within three standard deviations of a mode.", "1 is the highest"
        ),
        "mode_width": Meaning(
            "The mean width of the covered modes, in units of the true one.",
            "the width of real points is the best",
        ),
        "narrowest_width": Meaning(
            "The width of the covered modes in the direction in which one of them is narrowest, in "
            "units of the true one.",
            "the width of real points is the best",
        ),
        "mode_offset": Meaning(
            "The largest distance of a covered mode from its true place, in units of the true "
            "standard deviation.",
            "0 is the best",
        ),
    },
    "label_accuracy": {
        "label_accuracy": Meaning(
            "The share of samples that the extractor gives the class that was asked for.",
            "1 is the highest",
        )
    },
    "class_entropy": {
        "class_entropy": Meaning(
            "The entropy of the classes of all samples together, in nats: high if they are "
            "diverse.",
            "the logarithm of the number of classes is the highest",
        ),
        "class_entropy_of_each": Meaning(
            "The mean entropy of the classes of one sample, in nats: low if it is clear.",
            "0 is the lowest",
        ),
    },
    "inception_score": {
        "inception_score": Meaning(
            "The exponential of the information in nats that a sample gives on its class: high if "
            "samples are clear and diverse.",
            "the number of classes is the highest",
        )
    },
    "memorisation": {
        "nearest_distance": Meaning(
            "The median distance of a sample to its nearest training image, for pixels in [0, 1]."
        ),
        "copies": Meaning(
            "The share of samples that are nearer to a training image than all but a hundredth of "
            "the test images.",
            "a model that memorises nothing has about 0.01",
        ),
    },
    "parzen": {
        "parzen": Meaning(
            "The log-likelihood of test images under Parzen windows around the samples, in nats."
        )
    },
    "log_likelihood": {
        "log_likelihood": Meaning(
            "The log-likelihood of test data under the model, in nats: exact, a bound or an "
            "estimate, as its protocol says."
        )
    },
    "ais": {
        "ais": Meaning(
            "The log-likelihood of test data in nats, with the partition function by annealed "
            "importance sampling, which makes it too high on average."
        ),
        "ais_reverse": Meaning(
            "The same with chains in reverse, which makes it too low on average if they begin at "
            "exact samples, and else an estimate."
        ),
        "ais_error": Meaning(
            "The standard error of the logarithm of the partition function, in nats."
        ),
    },
    "threshold_ais": {
        "threshold_ais": Meaning(
            "The log-likelihood of test images whose pixels are 1 above one half, in nats, with "
            "the partition function by annealed importance sampling."
        ),
    },
    "threshold_log_likelihood": {
        "threshold_log_likelihood": Meaning(
            "The log-likelihood of test images whose pixels are 1 above one half, in nats; those "
            "whose pixels are drawn have more noise, and are less likely."
        ),
    },
    "marginal_log_likelihood": {
        "marginal_log_likelihood": Meaning(
            "The exact log-likelihood of test data without their labels, in nats: that of the mean "
            "of p(x | y) over the classes y."
        )
    },
    "elbo": {
        "elbo": Meaning(
            "The evidence lower bound of the log-likelihood of test data under the model, in nats."
        )
    },
    "iwae": {
        "iwae": Meaning(
            "The importance-weighted bound of the log-likelihood of test data under the model, in "
            "nats, which is tighter than the evidence lower bound."
        )
    },
    "bits_per_dimension": {
        "bits_per_dimension": Meaning(
            "The negative log-likelihood of test images under the model, in bits for each number "
            "of an image: exact, a bound or an estimate, as its protocol says."
        )
    },
    "density_kl": {
        "density_kl": Meaning(
            "The Kullback-Leibler divergence of the model's density of points from the exact one, "
            "in nats.",
            "0 is the best",
        )
    },
    "reconstruction": {
        "squared_error": Meaning(
            "The mean squared difference between test images and their reconstructions, for pixels "
            "in [0, 1].",
            "0 is the best",
        ),
        "psnr": Meaning(
            "The peak signal-to-noise ratio of the reconstructions of test images, in decibels."
        ),
    },
    "translation": {
        "translation_error": Meaning(
            "The mean squared difference between outputs and their targets, for values scaled to "
            "[0, 1].",
            "0 is the best",
        ),
        "translation_psnr": Meaning(
            "The peak signal-to-noise ratio of the outputs, compared with their targets, in "
            "decibels."
        ),
    },
    "accuracy": {
        "accuracy": Meaning(
            "The share of test images whose class the model predicts.", "1 is the best"
        )
    },
    "linear_probe": {
        "probe_error": Meaning(
            "The share of test images that a linear classifier of the codes gets wrong: low if "
            "the codes hold the classes.",
            "0 is the best",
        )
    },
    "inactive_units": {
        "inactive": Meaning(
            "The mean share of code units that are silent for an image: high if codes are sparse."
        ),
        "never_active": Meaning(
            "The share of code units that are silent for all images.", "0 is the best"
        ),
    },
    "denoising": {
        "noisy_psnr": Meaning(
            "The peak signal-to-noise ratio of test images with noise, in decibels."
        ),
        "denoised_psnr": Meaning(
            "The peak signal-to-noise ratio of the same images after denoising, in decibels."
        ),
        "denoising_gain": Meaning(
            "The decibels by which denoising raises the peak signal-to-noise ratio of test images "
            "with noise.",
            "a model that leaves the images as they are has 0",
        ),
    },
    "contraction": {
        "jacobian_norm": Meaning(
            "The mean norm of the derivative of a code by its image: low if codes change little "
            "with the image."
        ),
        "relative_jacobian_norm": Meaning(
            "The mean norm of the derivative of a code by its image, divided by the standard "
            "deviation of the codes: low if codes change little, whatever their scale."
        ),
    },
    "overfitting": {
        "train_score": Meaning("The mean score that the model gives to training data."),
        "test_score": Meaning("The mean score that the model gives to held-out data."),
        "overfitting": Meaning(
            "The difference of the scores of training and of held-out data, in standard deviations "
            "of the latter.",
            "a model that takes both for alike has about 0",
        ),
    },
}
# The metrics that measure test data in place of samples; others take training data.
BY_TEST_DATA = frozenset(
    {"modes", "label_accuracy", "class_entropy", "inception_score", "memorisation"}
)
# The metrics that papers compute with one network, and the name of that network here.
OF_PAPERS = frozenset({"fid", "kid", "inception_score"})
PAPERS_EXTRACTOR = "inception"
BETTER = {"lower": "Lower is better", "higher": "Higher is better", None: ""}


def meaning(measurement: Measurement) -> Meaning | None:
    """Return the meaning of a number, or `None` for a number of a metric of others."""
    return MEANINGS.get(measurement.protocol.metric, {}).get(measurement.name)


def judgement(measurement: Measurement, noun: str) -> str:
    """Return sentences on what a number measures and which values of it are good.

    All values in them are those of the measurement, or hold for all models and data.

    Args:
        measurement: the number.
        noun: the plural noun for the real data, such as "images".
    """
    known, real = meaning(measurement), measurement.real_baseline
    clauses = []
    if known is not None and known.best is not None:
        clauses.append(known.best)
    if real is not None:
        kind = "real" if known is None else "training"
        if measurement.protocol.metric in BY_TEST_DATA:
            kind = "test"
        clauses.append(f"{kind} {noun} in place of samples have {real:.4g}")
    if measurement.published is not None:
        source = measurement.published_source
        clauses.append(f"others published {measurement.published:g} ({source})")
    parts = [BETTER[measurement.better], "; ".join(clauses)]
    text = ": ".join(part for part in parts if part)
    sentences = [] if known is None else [known.says]
    sentences += [f"{text[0].upper()}{text[1:]}."] if text else []
    extractor = measurement.protocol.extractor
    if measurement.protocol.metric in OF_PAPERS and extractor != PAPERS_EXTRACTOR:
        sentences.append(f"Papers take another network than {extractor}, and have another scale.")
    return " ".join(sentences)
