"""A plain TensorFlow 2 loop: variables, `tf.GradientTape`, `tf.function`, the fused operations."""

from __future__ import annotations

import tensorflow as tf
from cases import stages


class Norm(tf.Module):
    def __init__(self, gamma, beta, mean, variance):
        super().__init__()
        self.gamma, self.beta = tf.Variable(gamma), tf.Variable(beta)
        self.mean = tf.Variable(mean, trainable=False)
        self.variance = tf.Variable(variance, trainable=False)

    def __call__(self, x, training):
        images = x if len(x.shape) == 4 else x[:, None, None, :]
        if training:
            y, mean, variance = tf.compat.v1.nn.fused_batch_norm(
                images, self.gamma, self.beta, epsilon=1e-5
            )
            self.mean.assign(0.9 * self.mean + 0.1 * mean)
            self.variance.assign(0.9 * self.variance + 0.1 * variance)
        else:
            y, _, _ = tf.compat.v1.nn.fused_batch_norm(
                images, self.gamma, self.beta, self.mean, self.variance, 1e-5, is_training=False
            )
        return y if len(x.shape) == 4 else y[:, 0, 0, :]


class Perceptron(tf.Module):
    def __init__(self, weights):
        super().__init__()
        self.weights = [tf.Variable(w) for w in weights]

    def __call__(self, x, training=True):
        *hidden, kernel, bias = self.weights
        for one, its_bias in zip(hidden[::2], hidden[1::2], strict=True):
            x = tf.nn.relu(x @ one + its_bias)
        return x @ kernel + bias


class Generator(tf.Module):
    def __init__(self, case, weights):
        super().__init__()
        start, count = stages(case.size)
        self.maps = (start, start, case.options["width"] << (count - 1))
        rest = list(weights)
        self.dense = tf.Variable(rest.pop(0))
        self.kernels, self.norms = [], []
        while len(rest) > 2:
            self.norms.append(Norm(*rest[:4]))
            rest = rest[4:]
            self.kernels.append(tf.Variable(rest.pop(0)))
        self.bias = tf.Variable(rest.pop(0))

    def __call__(self, latents, training=True):
        x = tf.nn.relu(self.norms[0](latents @ self.dense, training))
        x = tf.reshape(x, (-1, *self.maps))
        for i, kernel in enumerate(self.kernels):
            batch, height, width = tf.shape(x)[0], x.shape[1], x.shape[2]
            shape = (batch, 2 * height, 2 * width, kernel.shape[2])
            x = tf.nn.conv2d_transpose(x, kernel, shape, 2, "SAME")
            if i + 1 < len(self.kernels):
                x = tf.nn.relu(self.norms[i + 1](x, training))
        return tf.tanh(tf.nn.bias_add(x, self.bias))


class Discriminator(tf.Module):
    def __init__(self, weights, normalized: bool):
        super().__init__()
        rest = list(weights)
        self.kernels, self.biases, self.norms = [], [], []
        while len(rest) > 2:
            self.kernels.append(tf.Variable(rest.pop(0)))
            first = len(self.kernels) == 1
            if first or not normalized:
                self.biases.append(tf.Variable(rest.pop(0)))
            else:
                self.norms.append(Norm(*rest[:4]))
                rest = rest[4:]
        self.dense = tf.Variable(rest[0])
        self.bias = tf.Variable(rest[1]) if normalized else None

    def __call__(self, x):
        for i, kernel in enumerate(self.kernels):
            x = tf.nn.conv2d(x, kernel, 2, "SAME")
            if i < len(self.biases):
                x = tf.nn.bias_add(x, self.biases[i])
            else:
                x = self.norms[i - len(self.biases)](x, True)
            x = tf.nn.leaky_relu(x, 0.2)
        x = tf.reshape(x, (tf.shape(x)[0], self.dense.shape[0])) @ self.dense
        return x if self.bias is None else x + self.bias


class Adam:
    def __init__(self, variables, rate, beta_1=0.9, beta_2=0.999):
        self.variables = list(variables)
        self.options = {"lr": rate, "beta1": beta_1, "beta2": beta_2, "epsilon": 1e-8}
        self.slots = [(tf.Variable(v * 0), tf.Variable(v * 0)) for v in self.variables]
        self.steps = tf.Variable(0.0)

    def apply(self, grads):
        self.steps.assign_add(1.0)
        powers = {f"beta{i}_power": self.options[f"beta{i}"] ** self.steps for i in (1, 2)}
        for v, (m, s), g in zip(self.variables, self.slots, grads, strict=True):
            tf.raw_ops.ResourceApplyAdam(
                var=v.handle, m=m.handle, v=s.handle, grad=g, **powers, **self.options
            )


class Peer:
    def __init__(self, case, weights):
        self.case = case
        self.model = (VAE if case.family == "vae" else GAN)(case, weights)
        self.noise = self.model.noise
        self._step = tf.function(self._drawn_step)
        self._given_step = tf.function(self.model.step)
        self._sampler = tf.function(self.model.sampler)

    def _drawn_step(self, images):
        noise = [getattr(tf.random, kind)(shape) for kind, shape in self.model.noise]
        return self.model.step(images, noise)

    def step(self, images, noise=None):
        return self._step(images) if noise is None else self._given_step(images, noise)

    def prepare(self, images):
        return tf.constant(images)

    def batches(self, images):
        with tf.device("CPU:0"):
            data = tf.data.Dataset.from_tensor_slices(images).shuffle(len(images))
        data = data.batch(self.case.batch, drop_remainder=True).repeat().prefetch(2)
        return iter(data)

    def sample(self, latents):
        return self._sampler(tf.convert_to_tensor(latents))

    def wait(self):
        pass


class GAN(tf.Module):
    def __init__(self, case, weights):
        super().__init__()
        self.wasserstein = case.family == "wgan_gp"
        if case.points:
            self.g, self.ema = (Perceptron(weights["generator"]) for _ in range(2))
            self.d = Perceptron(weights["discriminator"])
        else:
            self.g, self.ema = (Generator(case, weights["generator"]) for _ in range(2))
            self.d = Discriminator(weights["discriminator"], not self.wasserstein)
        rate = (1e-4, 0.0, 0.9) if self.wasserstein else (2e-4, 0.5, 0.999)
        self.g_optimizer = Adam(self.g.trainable_variables, *rate)
        self.d_optimizer = Adam(self.d.trainable_variables, *rate)
        self.critic_steps = 5 if self.wasserstein else 1
        n = case.batch // self.critic_steps
        latents = ("normal", (n, case.latent_dim))
        mix = [("uniform", (n, 1, 1, 1))] if self.wasserstein else []
        self.noise = [latents, *mix] * self.critic_steps + [latents]
        self.seen = tf.Variable(0.0)

    def step(self, images, noise):
        noise = list(noise)
        for i in range(self.critic_steps):
            real, fake = images[i :: self.critic_steps], self.g(noise.pop(0))
            with tf.GradientTape() as tape:
                real_logits, fake_logits = self.d(real), self.d(fake)
                logs = {}
                if self.wasserstein:
                    between = fake + noise.pop(0) * (real - fake)
                    with tf.GradientTape() as inner:
                        inner.watch(between)
                        total = tf.reduce_sum(self.d(between))
                    slope = inner.gradient(total, between)
                    norm = tf.sqrt(tf.maximum(tf.reduce_sum(slope**2, (1, 2, 3)), 1e-12))
                    penalty = 10 * tf.reduce_mean((norm - 1) ** 2)
                    loss = tf.reduce_mean(fake_logits) - tf.reduce_mean(real_logits)
                    total = loss + penalty
                    logs["penalty"] = penalty
                else:
                    loss = tf.reduce_mean(tf.nn.softplus(-real_logits))
                    loss += tf.reduce_mean(tf.nn.softplus(fake_logits))
                    total = loss
            logs["discriminator_loss"] = loss
            self.d_optimizer.apply(tape.gradient(total, self.d_optimizer.variables))
        latents = noise.pop(0)
        with tf.GradientTape() as tape:
            logits = self.d(self.g(latents))
            loss = -logits if self.wasserstein else tf.nn.softplus(-logits)
            loss = tf.reduce_mean(loss)
        self.g_optimizer.apply(tape.gradient(loss, self.g_optimizer.variables))
        self.average(float(images.shape[0]))
        return {**logs, "generator_loss": loss}

    def average(self, images: float):
        """Half-life: 10,000 images, at most a twentieth of those seen."""
        seen = self.seen.assign_add(images)
        decay = 0.5 ** (images / tf.minimum(10_000.0, 0.05 * seen))
        for a, w in zip(self.ema.variables, self.g.variables, strict=True):
            a.assign(w + (a - w) * decay)

    def sampler(self, latents):
        return self.ema(latents, training=False)


class VAE(tf.Module):
    def __init__(self, case, weights):
        super().__init__()
        self.shape = case.image_shape
        self.encoder = [tf.Variable(w) for w in weights["encoder"]]
        self.decoder = [tf.Variable(w) for w in weights["decoder"]]
        self.optimizer = Adam([*self.encoder, *self.decoder], 1e-3)
        self.noise = [("normal", (case.batch, case.latent_dim))]

    def decode(self, latents):
        kernel, bias, out_kernel, out_bias = self.decoder
        return tf.tanh(latents @ kernel + bias) @ out_kernel + out_bias

    def step(self, images, noise):
        pixels = tf.reshape(images, (images.shape[0], -1))
        kernel, bias, mean_kernel, mean_bias, log_kernel, log_bias = self.encoder
        with tf.GradientTape() as tape:
            hidden = tf.tanh(pixels @ kernel + bias)
            mean, log_variance = hidden @ mean_kernel + mean_bias, hidden @ log_kernel + log_bias
            logits = self.decode(mean + tf.exp(0.5 * log_variance) * noise[0])
            fits = tf.nn.sigmoid_cross_entropy_with_logits(pixels, logits)
            reconstruction = tf.reduce_mean(tf.reduce_sum(fits, 1))
            kl = mean**2 + tf.exp(log_variance) - 1 - log_variance
            kl = 0.5 * tf.reduce_mean(tf.reduce_sum(kl, 1))
            loss = reconstruction + kl
        self.optimizer.apply(tape.gradient(loss, self.optimizer.variables))
        return {"loss": loss, "reconstruction": reconstruction, "kl": kl}

    def sampler(self, latents):
        return tf.reshape(tf.sigmoid(self.decode(latents)), (-1, *self.shape))
