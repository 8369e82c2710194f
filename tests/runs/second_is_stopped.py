"""`zoo train` as one of two processes, of which the second alone is asked to end, in the middle."""

import os
import signal
import sys
import threading
import time
from pathlib import Path

from zoo.cli import main

SECOND = (
    os.environ.get("RANK") == "1"
    or os.environ.get("KERAS_DISTRIBUTION_PROCESS_ID") == "1"
    or '"index": 1' in os.environ.get("TF_CONFIG", "")
)


def ask_to_end():
    checkpoints = Path(sys.argv[-1]) / "checkpoints"
    while len(list(checkpoints.glob("step-*"))) < 2:
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    if SECOND:
        threading.Thread(target=ask_to_end, daemon=True).start()
    main()
