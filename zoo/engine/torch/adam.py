"""Steps of Adam on PyTorch, in one pass over the weights, where Keras makes a dozen."""

from __future__ import annotations

import math
from collections.abc import Sequence

import keras
import torch

from zoo.engine.adam import is_plain_adam
from zoo.engine.scalars import add_to
from zoo.engine.torch.tape import as_one


def adam_step(optimizer, grads: Sequence, variables: Sequence) -> bool:
    """Take one step of Adam.

    Returns:
        Whether the step was taken, which needs the paper's rule without any extra.
    """
    if not is_plain_adam(optimizer, variables):
        return False
    values = [v.value.detach() for v in variables]
    indices = [optimizer._get_variable_index(variable) for variable in variables]
    momentums = [optimizer._momentums[index].value for index in indices]
    velocities = [optimizer._velocities[index].value for index in indices]
    # Gradients of kernels have strides, which the fused operation ignores, and which take others
    # off their fast way.
    grads = [grad.contiguous() for grad in grads]
    rate = keras.ops.convert_to_tensor(optimizer.learning_rate)  # a schedule's, at this step
    add_to(optimizer.iterations, 1)
    on_cpu = all(value.device.type == "cpu" and value.is_contiguous() for value in values)
    beta_1, beta_2, epsilon = optimizer.beta_1, optimizer.beta_2, optimizer.epsilon
    state = (values, grads, momentums, velocities, optimizer.iterations.value.detach(), rate)
    if on_cpu:
        as_one(_fused, *state, beta_1, beta_2, epsilon)
    else:
        _on_device(*state, beta_1, beta_2, epsilon)
    return True


def _fused(values, grads, momentums, velocities, iterations, rate, beta_1, beta_2, epsilon):
    """Take the step in one operation of PyTorch, whose rate and count are numbers of the host."""
    steps = iterations.float()
    torch._fused_adam_(
        values,
        grads,
        momentums,
        velocities,
        [],
        [steps] * len(values),
        lr=float(rate),
        beta1=beta_1,
        beta2=beta_2,
        weight_decay=0.0,
        # Keras adds epsilon before the bias correction of the second moment, PyTorch after it.
        eps=epsilon / math.sqrt(1 - beta_2 ** float(steps)),
        amsgrad=False,
        maximize=False,
    )


def _on_device(values, grads, momentums, velocities, iterations, rate, beta_1, beta_2, epsilon):
    """Take the same step, with a rate and a count that the host does not read."""
    steps = iterations.float()
    correction = torch.sqrt(1 - beta_2**steps) / (1 - beta_1**steps)
    torch._foreach_mul_(momentums, beta_1)
    torch._foreach_add_(momentums, grads, alpha=1 - beta_1)
    torch._foreach_mul_(velocities, beta_2)
    torch._foreach_addcmul_(velocities, grads, grads, value=1 - beta_2)
    roots = torch._foreach_sqrt(velocities)
    torch._foreach_add_(roots, epsilon)
    changes = torch._foreach_div(momentums, roots)
    torch._foreach_mul_(changes, rate * correction)
    torch._foreach_sub_(values, changes)
