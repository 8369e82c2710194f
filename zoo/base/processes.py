"""Checks before new Python processes are started."""

from __future__ import annotations

import multiprocessing
import sys
from pathlib import Path

from zoo.errors import ArgumentError


def check_main_guard(argument: str) -> None:
    """Raise if new processes would run the program of this process again.

    A new process imports the script that started it. If the code of the script does not stand below
    `if __name__ == "__main__":`, it would start processes again, without end.

    Args:
        argument: the name of the argument that asks for processes, for errors.
    """
    main = sys.modules["__main__"]
    spec, file = getattr(main, "__spec__", None), getattr(main, "__file__", None)
    # `python -m package` is not imported again, and an interactive session has no file.
    again = file is not None and (spec is None or not f".{spec.name}".endswith(".__main__"))
    started = getattr(multiprocessing.current_process(), "_inheriting", False)
    if started or (again and Path(file).is_file() and not _has_guard(Path(file))):
        raise ArgumentError(
            f"{argument} starts processes that import {file or 'the script'}: its code must stand "
            'below `if __name__ == "__main__":`.'
        )


def _has_guard(script: Path) -> bool:
    """Return whether the text of `script` asks for the name of its module."""
    return "__name__" in script.read_text(encoding="utf-8", errors="replace")
