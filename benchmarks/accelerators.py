"""What each backend says of the device that computes, for `worker.py`."""

from __future__ import annotations


def prepare(backend: str, device: str, precision: str | None, by_hand: bool) -> None:
    """Chooses the device of a loop by hand, and the precision of products on a GPU."""
    if backend == "torch":
        import torch

        if by_hand and device == "gpu" and torch.cuda.is_available():
            torch.set_default_device("cuda")
        torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
        torch.backends.cudnn.allow_tf32 = precision == "tf32"
    elif backend == "jax":
        import jax

        exact = "tensorfloat32" if precision == "tf32" else "highest"
        if device == "gpu":
            jax.config.update("jax_default_matmul_precision", exact)
    else:
        import tensorflow as tf

        tf.config.experimental.enable_tensor_float_32_execution(precision == "tf32")


def wait(backend: str) -> None:
    """Waits until the device has done what it was sent."""
    if backend == "torch":
        import torch

        if torch.cuda.is_available():
            torch.cuda.synchronize()
    elif backend == "jax":
        import jax

        jax.effects_barrier()
        jax.block_until_ready(jax.live_arrays())
    else:
        import tensorflow as tf

        tf.test.experimental.sync_devices()


def peak(backend: str) -> int | None:
    """The most bytes of the device's memory that were in use, or `None` on a CPU."""
    if backend == "torch":
        import torch

        return torch.cuda.max_memory_allocated() if torch.cuda.is_available() else None
    if backend == "jax":
        import jax

        statistics = jax.devices()[0].memory_stats()
        return statistics["peak_bytes_in_use"] if statistics else None
    import tensorflow as tf

    gpus = tf.config.list_logical_devices("GPU")
    return tf.config.experimental.get_memory_info("GPU:0")["peak"] if gpus else None
