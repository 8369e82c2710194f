"""The environments of processes of one machine that train together."""

from __future__ import annotations

import json
import socket


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def environments(backend: str, count: int) -> list[dict[str, str]]:
    """Return the variables by which each of `count` processes finds the others."""
    if backend == "torch":
        meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
        meeting["WORLD_SIZE"] = str(count)
        return [{**meeting, "RANK": str(i), "LOCAL_RANK": str(i)} for i in range(count)]
    if backend == "tensorflow":
        cluster = {"worker": [f"127.0.0.1:{free_port()}" for _ in range(count)]}
        tasks = [{"cluster": cluster, "task": {"type": "worker", "index": i}} for i in range(count)]
        return [{"TF_CONFIG": json.dumps(task)} for task in tasks]
    meeting = {
        "KERAS_DISTRIBUTION_JOB_ADDRESSES": f"127.0.0.1:{free_port()}",
        "KERAS_DISTRIBUTION_NUM_PROCESSES": str(count),
    }
    return [{**meeting, "KERAS_DISTRIBUTION_PROCESS_ID": str(i)} for i in range(count)]
