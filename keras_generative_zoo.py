"""The command `zoo`, in a module whose name no other distribution takes.

Other distributions and users' own files bear the name `zoo` too. The command notices if one of them
stands in the place of this package, and says what to do.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import sys
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions
from pathlib import Path

NAME = "keras-generative-zoo"
PACKAGE = Path(__file__).resolve().parent / "zoo" / "__init__.py"


running = False  # whether this process is the program, which imports Keras once it is needed


def main() -> None:
    """Run the program `zoo`, or end with one line if `import zoo` gives something else."""
    global running
    if (fault := other_zoo()) is not None:
        sys.exit(f"zoo: error: {fault}")
    running = True
    from zoo.cli import main as run

    run()


def other_zoo() -> str | None:
    """Return what `import zoo` finds in place of this package and what to do, or `None`."""
    spec = importlib.util.find_spec("zoo")
    found = None if spec is None or spec.origin is None else Path(spec.origin).resolve()
    if found == PACKAGE and _is_installed(found):
        return None
    owners = sorted({*packages_distributions().get("zoo", ())} - {NAME})
    again = f"pip install --force-reinstall --no-deps {NAME}"
    if owners:
        return (
            f"`import zoo` finds the distribution {', '.join(owners)}, whose files stand in the "
            f"place of those of {NAME}. Run: pip uninstall {' '.join(owners)}; then: {again}."
        )
    if found in (None, PACKAGE):
        return (
            f"{PACKAGE} is missing or changed, perhaps by another distribution that was installed "
            f"over {NAME}. Run: {again}."
        )
    return (
        f"`import zoo` finds {found}, and not {NAME} in {PACKAGE.parent}. Rename that file, or run "
        "the command in another folder or without it in PYTHONPATH."
    )


def _is_installed(path: Path) -> bool:
    """Return whether the file `path` is as it was installed; a file of a checkout always is."""
    try:
        files = distribution(NAME).files or ()
    except PackageNotFoundError:
        return True
    for file in files:
        if file.hash is not None and Path(file.locate()).resolve() == path:
            digest = hashlib.new(file.hash.mode, path.read_bytes()).digest()
            return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == file.hash.value
    return True


if __name__ == "__main__":
    import keras_generative_zoo  # under the name by which `zoo` finds out that it runs

    keras_generative_zoo.main()
