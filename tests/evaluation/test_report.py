"""Reports: read, written and printed."""

import pytest
from reports import report

from zoo.evaluation import Report
from zoo.metrics.protocol import PLUS_MINUS

pytestmark = pytest.mark.once


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
