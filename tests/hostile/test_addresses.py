"""Addresses in an HDF5 file that lie beyond every memory."""

import io

import h5py
import numpy as np
import pytest

from zoo.errors import IntegrityError
from zoo.presets import safety

pytestmark = pytest.mark.once
BEYOND = (b"\xff" * 8, b"\x00" * 7 + b"\x80", b"\xf0" + b"\xff" * 6 + b"\x7f")


def test_every_address_is_one_error_or_of_no_effect():
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.create_dataset("a/b", data=np.zeros((3, 4), "float32"))
    good, causes = buffer.getvalue(), set()
    for at in range(0, len(good) - 8, 4):
        for address in BEYOND:
            content = io.BytesIO(good[:at] + address + good[at + 8 :])
            try:
                safety.check_arrays(content, "a file")
            except IntegrityError as error:
                causes.add(type(error.__cause__))
    # The library raises the first two in its own code, and the last where Python reads for it.
    assert {RuntimeError, OSError, OverflowError} <= causes
