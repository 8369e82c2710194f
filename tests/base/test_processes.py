"""Scripts that start processes need a `__main__` guard."""

import sys
import types

import pytest

from zoo.base.processes import check_main_guard
from zoo.errors import ArgumentError

pytestmark = pytest.mark.once


def test_a_script_without_a_guard_is_refused(tmp_path, monkeypatch):
    script = tmp_path / "train.py"
    main = types.ModuleType("__main__")
    main.__spec__, main.__file__ = None, str(script)
    monkeypatch.setitem(sys.modules, "__main__", main)
    script.write_text("import zoo\n", encoding="utf-8")
    with pytest.raises(ArgumentError, match='decoding_processes starts .*train.py: .* "__main__":'):
        check_main_guard("decoding_processes")
    script.write_text('if __name__ == "__main__":\n    pass\n', encoding="utf-8")
    check_main_guard("decoding_processes")
    script.write_text("import zoo\n", encoding="utf-8")
    main.__spec__ = types.SimpleNamespace(name="package.__main__")  # python -m package
    check_main_guard("decoding_processes")
    del main.__file__  # a notebook
    check_main_guard("decoding_processes")
