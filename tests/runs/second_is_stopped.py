"""`zoo train` as one of two processes, of which the second alone gets a signal, in the middle.

It is SIGTERM, by which it is asked to end, or the one of the variable `SIGNAL`. It comes once: a
process that was started anew after it goes on to its end.
"""

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


def end(out: Path):
    while len(list((out / "checkpoints").glob("step-*"))) < 2:
        time.sleep(0.01)
    (out.parent / "sent").touch()
    os.kill(os.getpid(), int(os.environ.get("SIGNAL", signal.SIGTERM)))


if __name__ == "__main__":
    out = Path(sys.argv[-1])
    if SECOND and not (out.parent / "sent").exists():
        threading.Thread(target=end, args=(out,), daemon=True).start()
    main()
