"""The program `zoo`, which imports Keras once a command needs it and not at its start.

Everywhere else `import zoo` imports Keras and registers all classes at once.
"""

from __future__ import annotations

import os
import re
import sys

TENSORFLOW_ONEDNN = "TF_ENABLE_ONEDNN_OPTS"
COMMAND = "keras_generative_zoo"  # the module of the installed command


def _is_program() -> bool:
    """Return whether this process is the program `zoo`, as its command or as `python -m zoo`."""
    if sys.argv[:1] == ["-m"]:  # while Python looks for the module that it is to run
        module = sys.orig_argv[-len(sys.argv)]
        return re.fullmatch(r"(-\w*m)?zoo", module) is not None
    return COMMAND in sys.modules and sys.modules[COMMAND].running


_waiting = _is_program()


def is_waiting() -> bool:
    """Return whether `import zoo` has left out Keras, and all that needs it, until now."""
    return _waiting


def import_all() -> None:
    """Import all that `import zoo` has left out: Keras with its backend, and all classes.

    A command calls this before it computes, and a function that reads cards before it asks for a
    class. It does nothing where all is there.

    Raises:
        BackendError: if no backend can be chosen, or Keras cannot be imported with it.
    """
    global _waiting
    if not _waiting:
        return
    package = sys.modules["zoo"]
    # TensorFlow reads it when it is imported. By itself it uses oneDNN on some processors alone.
    os.environ.setdefault(TENSORFLOW_ONEDNN, "1")
    _waiting = False
    try:
        package.__spec__.loader.exec_module(package)
    except BaseException:
        _waiting = True
        raise
