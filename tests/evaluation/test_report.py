"""Reports: read, written, and compared only where protocols are equal."""

import pytest

from zoo.errors import ProtocolError
from zoo.evaluation import Report, compare
from zoo.metrics import Measurement, Protocol
from zoo.metrics.protocol import PLUS_MINUS

pytestmark = pytest.mark.once


def report(model, n=100, **values):
    return Report(
        model=model,
        measurements=[
            Measurement(
                name=name,
                value=value,
                spread=0.3,
                seeds=[0, 1],
                better="lower",
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


def test_json_and_names(tmp_path):
    written = report("one", fid=2.0)
    (tmp_path / "one.json").write_text(written.model_dump_json())
    assert Report.read(tmp_path / "one.json") == written
    assert written["fid"].value == 2.0
    with pytest.raises(ValueError, match="Unknown measurement: 'fidd'. Allowed: fid"):
        written["fidd"]
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(ValueError, match="holds no report"):
        Report.read(tmp_path / "other.json")


def test_a_table_says_all():
    text = str(report("one", fid=2.123456))
    for word in ("one", "fid ↓", "2.123", "2.7", "fid/mnist/100:100", PLUS_MINUS):
        assert word in text
