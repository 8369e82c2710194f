"""A plain JAX loop: pure functions, `jax.jit` with donated state, optax."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
from cases import stages
from jax import lax

DIMENSIONS = ("NHWC", "HWIO", "NHWC")


def conv(x, kernel):
    return lax.conv_general_dilated(x, kernel, (2, 2), "SAME", dimension_numbers=DIMENSIONS)


def conv_transpose(x, kernel):
    return lax.conv_transpose(
        x, kernel, (2, 2), "SAME", dimension_numbers=DIMENSIONS, transpose_kernel=True
    )


def batch_norm(x, p, training):
    """The normalized x, and the new running statistics."""
    if not training:
        return (x - p["mean"]) * lax.rsqrt(p["var"] + 1e-5) * p["gamma"] + p["beta"], p
    axes = tuple(range(x.ndim - 1))
    mean, var = x.mean(axes), x.var(axes)
    new = {**p, "mean": 0.9 * p["mean"] + 0.1 * mean, "var": 0.9 * p["var"] + 0.1 * var}
    return (x - mean) * lax.rsqrt(var + 1e-5) * p["gamma"] + p["beta"], new


def perceptron(params, x):
    *hidden, (kernel, bias) = params
    for one, its_bias in hidden:
        x = jax.nn.relu(x @ one + its_bias)
    return x @ kernel + bias


def generator(params, latents, training, maps):
    params, new = list(params), []
    x = latents @ params[0]
    for layer in params[1:-1]:
        if isinstance(layer, dict):
            x, layer = batch_norm(x, layer, training)
            x = jax.nn.relu(x)
            x = x.reshape(-1, *maps) if x.ndim == 2 else x
        else:
            x = conv_transpose(x, layer)
        new.append(layer)
    kernel, bias = params[-1]
    return jnp.tanh(conv_transpose(x, kernel) + bias), [params[0], *new, params[-1]]


def discriminator(params, images):
    """The logits, and the new running statistics; its normalization is that of training always."""
    x, new = images, []
    for layer in params[:-1]:
        if isinstance(layer, dict):
            x, layer = batch_norm(x, layer, True)
        else:
            kernel, bias = layer
            x = conv(x, kernel)
            x = x if bias is None else x + bias
        new.append(layer)
        if isinstance(layer, dict) or layer[1] is not None:
            x = jax.nn.leaky_relu(x, 0.2)
    kernel, bias = params[-1]
    x = x.reshape(len(x), -1) @ kernel
    return x if bias is None else x + bias, [*new, params[-1]]


def norms(weights):
    return dict(zip(("gamma", "beta", "mean", "var"), weights, strict=True))


def load_generator(weights):
    params, rest = [weights[0]], list(weights[1:])
    while len(rest) > 2:
        params.append(norms(rest[:4]))
        rest = rest[4:]
        if len(rest) > 2:
            params.append(rest.pop(0))
    return [*params, tuple(rest)]


def load_discriminator(weights, normalized):
    rest = list(weights)
    params = [(rest.pop(0), rest.pop(0))]
    while len(rest) > 2:
        kernel = rest.pop(0)
        if normalized:
            params += [(kernel, None), norms(rest[:4])]
            rest = rest[4:]
        else:
            params.append((kernel, rest.pop(0)))
    return [*params, tuple(rest) if normalized else (rest[0], None)]


def statistics_of(new, params):
    """`params` with the running statistics of `new`."""
    return [
        {**p, "mean": n["mean"], "var": n["var"]} if isinstance(p, dict) else p
        for n, p in zip(new, params, strict=True)
    ]


class Peer:
    def __init__(self, case, weights):
        self.case = case
        weights = jax.tree.map(jnp.asarray, weights)
        build = build_vae if case.family == "vae" else build_gan
        self.state, step, sampler, self.noise = build(case, weights)
        self._step = jax.jit(step, donate_argnums=0)
        self._sampler = jax.jit(sampler)
        self.key = jax.random.key(0)

    def step(self, images, noise=None):
        if noise is None:
            self.key, key = jax.random.split(self.key)
            self.state, logs = self._step(self.state, images, key=key)
        else:
            self.state, logs = self._step(self.state, images, noise=noise)
        return logs

    def prepare(self, images):
        return images

    def batches(self, images):
        rng = np.random.default_rng(0)
        while True:
            order = rng.permutation(len(images))
            for i in range(len(images) // self.case.batch):
                yield images[order[i * self.case.batch : (i + 1) * self.case.batch]]

    def sample(self, latents):
        return self._sampler(self.state, latents)

    def wait(self):
        jax.block_until_ready(self.state)


def drawn(key, shapes):
    keys = jax.random.split(key, len(shapes))
    return [
        getattr(jax.random, kind)(k, shape) for k, (kind, shape) in zip(keys, shapes, strict=True)
    ]


def build_gan(case, weights):
    wasserstein = case.family == "wgan_gp"
    if case.points:
        g, d = (
            list(zip(weights[key][::2], weights[key][1::2], strict=True))
            for key in ("generator", "discriminator")
        )

        def generate(g, latents, training):
            return perceptron(g, latents), g

        def judge(d, images):
            return perceptron(d, images), d

    else:
        start, count = stages(case.size)
        maps = (start, start, case.options["width"] << (count - 1))
        g = load_generator(weights["generator"])
        d = load_discriminator(weights["discriminator"], not wasserstein)
        judge = discriminator

        def generate(g, latents, training):
            return generator(g, latents, training, maps)

    rate, b1, b2 = (1e-4, 0.0, 0.9) if wasserstein else (2e-4, 0.5, 0.999)
    adam = optax.adam(rate, b1, b2)
    critic_steps = 5 if wasserstein else 1
    n = case.batch // critic_steps
    latents = ("normal", (n, case.latent_dim))
    mix = [("uniform", (n, 1, 1, 1))] if wasserstein else []
    shapes = [latents, *mix] * critic_steps + [latents]

    def d_loss(d, real, fake, mix):
        real_logits, d_new = judge(d, real)
        fake_logits, d_new = judge(statistics_of(d_new, d), fake)
        if wasserstein:
            between = fake + mix * (real - fake)
            slope = jax.grad(lambda x: judge(d, x)[0].sum())(between)
            norm = jnp.sqrt(jnp.maximum(jnp.square(slope).sum((1, 2, 3)), 1e-12))
            penalty = 10 * jnp.square(norm - 1).mean()
            loss = fake_logits.mean() - real_logits.mean()
            logs = {"discriminator_loss": loss, "penalty": penalty}
            return loss + penalty, (d_new, logs)
        loss = jax.nn.softplus(-real_logits).mean() + jax.nn.softplus(fake_logits).mean()
        return loss, (d_new, {"discriminator_loss": loss})

    def g_loss(g, d, latents):
        fake, g_new = generate(g, latents, True)
        logits, d_new = judge(d, fake)
        loss = -logits.mean() if wasserstein else jax.nn.softplus(-logits).mean()
        return loss, (g_new, d_new, {"generator_loss": loss})

    def step(state, images, noise=None, key=None):
        noise = list(drawn(key, shapes) if noise is None else noise)
        g, d = state["g"], state["d"]
        g_slots, d_slots = state["slots"]
        for i in range(critic_steps):
            fake, g_new = generate(g, noise.pop(0), True)
            g = statistics_of(g_new, g)
            mix = noise.pop(0) if wasserstein else None
            grads, (d_new, logs) = jax.grad(d_loss, has_aux=True)(
                d, images[i::critic_steps], fake, mix
            )
            updates, d_slots = adam.update(grads, d_slots)
            d = statistics_of(d_new, optax.apply_updates(d, updates))
        grads, (g_new, d_new, g_logs) = jax.grad(g_loss, has_aux=True)(g, d, noise.pop(0))
        updates, g_slots = adam.update(grads, g_slots)
        g = statistics_of(g_new, optax.apply_updates(g, updates))
        d = statistics_of(d_new, d)
        seen = state["seen"] + len(images)
        decay = 0.5 ** (len(images) / jnp.minimum(10_000, 0.05 * seen))  # the half-life
        ema = jax.tree.map(lambda a, w: w + (a - w) * decay, state["ema"], g)
        new = {"g": g, "d": d, "ema": ema, "slots": (g_slots, d_slots), "seen": seen}
        return new, {**logs, **g_logs}

    state = {
        "g": g,
        "d": d,
        "ema": jax.tree.map(jnp.array, g),
        "slots": (adam.init(g), adam.init(d)),
        "seen": jnp.zeros(()),
    }
    return state, step, lambda s, z: generate(s["ema"], z, False)[0], shapes


def build_vae(case, weights):
    adam = optax.adam(1e-3)
    shapes = [("normal", (case.batch, case.latent_dim))]

    def encode(p, images):
        (kernel, bias), *heads = (p[0:2], p[2:4], p[4:6])
        hidden = jnp.tanh(images.reshape(len(images), -1) @ kernel + bias)
        return [hidden @ kernel + bias for kernel, bias in heads]

    def decode(p, latents):
        return jnp.tanh(latents @ p[0] + p[1]) @ p[2] + p[3]

    def objective(params, images, noise):
        mean, log_variance = encode(params["encoder"], images)
        logits = decode(params["decoder"], mean + jnp.exp(0.5 * log_variance) * noise)
        pixels = images.reshape(len(images), -1)
        reconstruction = -(pixels * logits - jax.nn.softplus(logits)).sum(1).mean()
        kl = 0.5 * (jnp.square(mean) + jnp.exp(log_variance) - 1 - log_variance).sum(1).mean()
        loss = reconstruction + kl
        return loss, {"loss": loss, "reconstruction": reconstruction, "kl": kl}

    def step(state, images, noise=None, key=None):
        (noise,) = drawn(key, shapes) if noise is None else noise
        grads, logs = jax.grad(objective, has_aux=True)(state["params"], images, noise)
        updates, slots = adam.update(grads, state["slots"])
        return {"params": optax.apply_updates(state["params"], updates), "slots": slots}, logs

    params = {key: list(weights[key]) for key in ("encoder", "decoder")}
    shape = case.image_shape

    def sampler(state, latents):
        images = jax.nn.sigmoid(decode(state["params"]["decoder"], latents))
        return images.reshape(-1, *shape)

    return {"params": params, "slots": adam.init(params)}, step, sampler, shapes
