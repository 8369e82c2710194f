"""Comparisons: of equal protocols alone, over trainings where there are several, in each form."""

import csv
import io
import statistics

import pytest
from reports import report
from scipy import stats

import zoo
from zoo.errors import ArgumentError, ProtocolError, UnknownNameError
from zoo.evaluation import Report, comparison
from zoo.metrics.protocol import PLUS_MINUS

pytestmark = pytest.mark.once
compare = zoo.compare


def test_equal_protocols_are_compared():
    found = compare(report("one", fid=2.0, kid=0.5), report("two", fid=1.5, recall=0.3))
    (row,) = found.rows
    assert (row.name, row.first, row.second, row.difference) == ("fid", 2.0, 1.5, -0.5)
    assert row.spread == pytest.approx(0.3)  # of means of two: 0.3 * sqrt(1/2 + 1/2)
    assert row.margin == pytest.approx(4.3027 * 0.3, rel=1e-4)  # two degrees of freedom
    text = str(found)
    for word in ("one", "two", "fid ↓", "-0.5", "1.3", "Student's t"):
        assert word in text


def test_unequal_protocols_are_refused():
    with pytest.raises(ProtocolError, match="one and two .* fid: n_real 100 != 200, n_fake 100"):
        compare(report("one", fid=2.0), report("two", n=200, fid=1.5))
    # Also where another number would fit.
    mixed = Report(
        model="two",
        measurements=[*report("a", kid=1).measurements, *report("b", 50, fid=1).measurements],
    )
    with pytest.raises(ProtocolError, match="fid: n_real"):
        compare(report("one", fid=2.0, kid=0.5), mixed)
    with pytest.raises(ProtocolError, match="no metric in common: fid; kid"):
        compare(report("one", fid=2.0), report("two", kid=2.0))


def test_the_options_that_make_numbers_comparable(monkeypatch):
    one = report("one", fid=2.0)
    (m,) = one.measurements
    changes = {"extractor": "pixels", "split": "train, one in ten", "data": "kmnist", "n_real": 5}
    other = m.model_copy(update={"protocol": m.protocol.model_copy(update=changes)})
    two = Report(model="two", measurements=[other])
    with pytest.raises(ProtocolError, match="cannot be compared.*extractor") as caught:
        compare(one, two)
    assert "zoo evaluate" not in str(caught.value)  # a report is no preset
    of_presets = dict(zip(("./my gan", "gan_mnist"), (one, two), strict=True))
    monkeypatch.setattr(comparison, "report_of", of_presets.get)
    with pytest.raises(ProtocolError, match="zoo evaluate gan_mnist -n 100 --data mnist --json me"):
        compare("./my gan", "gan_mnist")
    says = (
        "zoo evaluate './my gan' -n 5 --samples 100 --data kmnist --split 'train, one in ten' --e"
    )
    with pytest.raises(ProtocolError, match=says):
        compare("gan_mnist", "./my gan")


def test_over_trainings():
    """The values of three trainings, against SciPy."""
    found = compare(
        report("one", fid=2.0, trainings=(1, 3)), report("two", fid=5.0, trainings=(2,))
    )
    (row,) = found.rows
    first, second = [2.0, 3.0, 5.0], [5.0, 7.0]
    assert [cell.trainings for cell in row.cells] == [3, 2]
    assert row.first == pytest.approx(statistics.fmean(first))
    interval = stats.t.interval(0.95, 2, row.first, stats.sem(first))
    assert row.cells[0].margin == pytest.approx(interval[1] - row.first, rel=1e-5)
    welch = stats.ttest_ind(second, first, equal_var=False).confidence_interval(0.95)
    assert row.difference == pytest.approx(6 - 10 / 3)
    assert row.margin == pytest.approx((welch.high - welch.low) / 2, rel=1e-5)
    text = str(found)
    assert "(3)" in text
    assert "mean over n trainings" in text
    assert PLUS_MINUS not in text


def test_one_training_against_several_has_no_margin():
    found = compare(report("one", fid=2.0, trainings=(1,)), report("two", fid=5.0))
    (row,) = found.rows
    assert row.margin is None
    assert [cell.trainings for cell in row.cells] == [2, 1]
    assert all(sentence in str(found) for sentence in found.notes)
    assert len(found.notes) == 2


@pytest.fixture
def three():
    return compare(
        report("a_gan", fid=2.0, kid=0.5), report("b", fid=1.5), report("c", fid=3.0, kid=0.25)
    )


def test_three_models_with_gaps(three):
    fid, kid = three.rows
    assert [cell.value for cell in fid.cells] == [2.0, 1.5, 3.0]
    assert kid.cells[1] is None
    assert (fid.best, kid.best) == (1, 2)
    assert fid.difference is None
    assert "difference" not in str(three)
    (only,) = compare(
        report("a", fid=2.0, kid=1), report("b", fid=1.5, kid=2), metrics=["kid"]
    ).rows
    assert only.name == "kid"


def test_equal_names_are_told_apart():
    same = [report("gan", fid=float(i)) for i in range(3)]
    assert compare(*same).models == ("gan", "gan (2)", "gan (3)")


def test_one_name_is_a_list_of_one():
    models = report("a", fid=2.0, kid=1), report("b", fid=1.5, kid=2)
    assert [row.name for row in compare(*models, metrics="kid").rows] == ["kid"]


def test_names_in_markdown():
    found = compare(report("a|b", fid=2.0), report("<c>", fid=1.5))
    assert found.as_text("markdown").splitlines()[0] == r"| metric | a\|b | &lt;c> |"


def test_as_csv(three):
    rows = list(csv.DictReader(io.StringIO(three.as_text("csv"))))
    assert [(r["metric"], r["model"], float(r["value"])) for r in rows] == [
        ("fid", "a_gan", 2.0),
        ("fid", "b", 1.5),
        ("fid", "c", 3.0),
        ("kid", "a_gan", 0.5),
        ("kid", "c", 0.25),
    ]
    assert float(rows[0]["margin"]) == three.rows[0].cells[0].margin
    assert rows[0]["protocol"] == three.rows[0].protocol.hash


def test_as_markdown(three):
    lines = three.as_text("markdown").splitlines()
    assert lines[:2] == ["| metric | a_gan | b | c |", "| --- | --- | --- | --- |"]
    assert lines[2] == "| fid ↓ | 2 ± 2.7 | **1.5 ± 2.7** | 3 ± 2.7 |"
    assert lines[3] == "| kid ↓ | 0.5 ± 2.7 |  | **0.25 ± 2.7** |"
    assert lines[-1] == PLUS_MINUS


def test_as_latex(three):
    assert three.as_text("latex").splitlines() == [
        f"% {PLUS_MINUS}",
        r"\begin{tabular}{lrrr}",
        r"metric & a\_gan & b & c \\ \hline",
        r"fid $\downarrow$ & 2 $\pm$ 2.7 & \textbf{1.5 $\pm$ 2.7} & 3 $\pm$ 2.7 \\",
        r"kid $\downarrow$ & 0.5 $\pm$ 2.7 &  & \textbf{0.25 $\pm$ 2.7} \\",
        r"\end{tabular}",
    ]


def test_of_cards_and_files(tmp_path):
    card = zoo.info("dcgan_mnist")
    (tmp_path / "one.json").write_text(
        Report(model="mine", measurements=card.metrics).model_dump_json()
    )
    found = compare("dcgan_mnist", tmp_path / "one.json", "gan_mnist", metrics=["fid"])
    assert found.models == ("dcgan_mnist", "mine", "gan_mnist")


@pytest.mark.parametrize(
    ("models", "options", "error", "message"),
    [
        (["dcgan_mnist"], {}, ArgumentError, "two models or more. Received: 1"),
        (["dcgan_mnist", 3], {}, ArgumentError, "Received: 3"),
        (["dcgan_mnist", "gan_mnits"], {}, UnknownNameError, "Nearest: gan_mnist"),
        (["dcgan_mnist", "gan_mnist"], {"metrics": ["fdi"]}, UnknownNameError, "'fdi'.*fid"),
        (
            ["dcgan_mnist", "gan_ring8"],
            {},
            ProtocolError,
            "images '28x28x1 8-bit' != '2 coord.*'.$",
        ),
        (
            ["dcgan_mnist", "vae_mnist"],
            {"metrics": ["fid", "elbo"]},
            ProtocolError,
            "Received: 'elbo', which vae_mnist alone has",
        ),
        (["dcgan_mnist", "dcgan_fashion_mnist"], {}, ProtocolError, "data 'mnist' != 'fashion"),
    ],
)
def test_what_cannot_be_compared(models, options, error, message):
    with pytest.raises(error, match=message):
        compare(*models, **options)


def test_two_runs_of_one_name_are_told_apart(tmp_path):
    places = [tmp_path / "one.json", tmp_path / "two.json"]
    for place, value in zip(places, (1.0, 2.0), strict=True):
        place.write_text(report("gan_ring8", fid=value).model_dump_json())
    assert compare(*places).models == tuple(map(str, places))


def test_the_command(run, tmp_path):
    names = ("dcgan_mnist", "gan_mnist")
    code, out, _ = run("compare", *names, "--metrics", "fid")
    assert code == 0
    assert f"{compare(*names, metrics=['fid'])}\n" == out
    place = tmp_path / "new" / "table.tex"
    code, out, _ = run("compare", *names, "--format", "latex", "-o", place)
    assert (code, out) == (0, f"{place}\n")
    assert place.read_text("utf-8").endswith("\\end{tabular}\n")
    code, _, err = run("compare", "dcgan_mnist")
    assert code == 1
    assert "MODELS must be two or more. Received: dcgan_mnist." in err
