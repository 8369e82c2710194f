"""The command `zoo evaluate`."""

from __future__ import annotations

import warnings
from pathlib import Path

import click

from zoo.cli import words
from zoo.cli.base import COUNT, Computing, check_writable, say, trust_option, warnings_in_lines
from zoo.cli.processes import distribute_option, sharing
from zoo.errors import ArgumentError
from zoo.files.home import write_picture


@click.command(cls=Computing)
@click.argument("preset", shell_complete=words.preset_or_path)
@click.option(
    "--metrics",
    shell_complete=words.metrics,
    help="The names of metrics, separated by commas, such as fid,kid,prdc,modes. One in the card "
    "has the settings of the card.",
)
@click.option(
    "-n",
    "count",
    type=click.IntRange(min=2),
    help="The number of samples, and the largest number of real images; by default the number in "
    "the card, or 10,000, or 1,000 for fewer real images.",
)
@click.option(
    "--samples",
    type=click.IntRange(min=2),
    help="The number of samples, where it is another than -n; by default -n if that is given, else "
    "the number in the card.",
)
@click.option("--seeds", type=COUNT, default=3, help="The number of seeds of samples.")
@click.option(
    "--data",
    shell_complete=words.data_set_or_path,
    help="The set of real images, see `zoo data info`; by default the training set of the preset.",
)
@click.option(
    "--split",
    shell_complete=words.split,
    help="The split of the real images, such as train, or 'train, one in ten' for sets without a "
    "test split; by default the split in the card if the data are those of the card, else test.",
)
@click.option(
    "--extractor",
    shell_complete=words.extractor,
    help="The network that computes features: a classifier's preset or the path of one, inception "
    "or pixels.",
)
@click.option(
    "--weights",
    shell_complete=words.generator,
    help="The generator of a GAN: ema for the average over training, raw for the last one.",
)
@click.option(
    "--no-baseline",
    is_flag=True,
    help="Do not measure real images in place of samples for comparison.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, which --compare reads.")
@click.option(
    "--compare",
    "other",
    shell_complete=words.preset_or_path,
    help="Compare with the numbers of another preset's card, or of a file written by --json, as "
    "`zoo compare` does.",
)
@click.option(
    "--neighbours",
    type=click.Path(path_type=Path),
    help="Write a picture of samples to this file, each beside its nearest training images.",
)
@distribute_option
@click.option(
    "--work",
    type=click.Path(path_type=Path),
    help="A folder for the features of samples and real images, from which the same command goes "
    "on where it was interrupted. Processes on several machines share it.",
)
@trust_option
def evaluate(
    preset: str,
    metrics: str | None,
    count: int | None,
    samples: int | None,
    seeds: int,
    data: str | None,
    split: str | None,
    extractor: str | None,
    weights: str | None,
    no_baseline: bool,
    as_json: bool,
    other: str | None,
    neighbours: Path | None,
    distribute: int | str | None,
    work: Path | None,
):
    """Measure PRESET against real images.

    The table shows the mean over seeds of samples with its 95% interval (±), and the score of real
    images in place of samples.

    \b
    Examples:
      zoo evaluate dcgan_mnist
      zoo evaluate dcgan_mnist --metrics fid,kid,prdc -n 10000 --json > dcgan.json
      zoo evaluate runs/mine
      zoo evaluate dcgan_cifar10 -n 50000 --extractor inception --distribute auto
    """
    from zoo import evaluation, pictures
    from zoo.data.image_format import still
    from zoo.data.sources import training_split
    from zoo.evaluation.comparison import report_of
    from zoo.evaluation.real import read_named
    from zoo.evaluation.report import ReportWarning
    from zoo.presets.locate import locate

    located = locate(preset)
    card = located.card
    beside = None if other is None else report_of(other)
    if as_json and beside is not None:
        raise ArgumentError("--json does not go with --compare. Received: both.")
    model = located.read()
    if neighbours is not None:
        check_writable(neighbours, "--neighbours")
        if model.data.name != "images" or "samples" not in model.tasks:
            raise ArgumentError(f"--neighbours is for samples of images. Received: {preset!r}.")
    if data is None and card.training is None:
        raise ArgumentError(f"--data is needed: no recipe made {preset!r}.")
    sampling = {} if weights is None else {"weights": weights}
    with sharing(distribute, work) as (process, work), warnings_in_lines():
        if not as_json:  # the printed report holds them too
            warnings.simplefilter("ignore", ReportWarning)
        report = evaluation.evaluate(
            preset,
            data,
            None if metrics is None else [name.strip() for name in metrics.split(",")],
            count,
            seeds,
            samples=samples,
            split=split,
            extractor=extractor,
            baseline=not no_baseline,
            progress=None if process[0] == 0 else False,
            work=work,
            process=process,
            **sampling,
        )
    if report is None:  # another process prints it
        return
    say(report.model_dump_json(indent=2) if as_json else report)
    if neighbours is not None:
        measured_on = report.measurements[0].protocol.split if report.measurements else split
        crop = "centre" if card.training is None else still(card.training.crop)
        train = read_named(data or located.data, training_split(measured_on), model, crop)
        samples = model.sample(10, seed=0, **sampling)
        write_picture(neighbours, pictures.neighbours(samples, train, model.data.range))
        say(neighbours, err=as_json)
    if beside is not None:  # at the end: the numbers are printed even if the comparison is refused
        say(f"\n{evaluation.compare(report, beside)}")
