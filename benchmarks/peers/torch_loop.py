"""A plain PyTorch loop."""

from __future__ import annotations

import copy
import itertools

import numpy as np
import torch
from cases import POINTS_HIDDEN, stages
from torch import nn
from torch.nn import functional

DRAW = {"normal": torch.randn, "uniform": torch.rand}


def perceptron(*widths: int) -> nn.Sequential:
    parts = []
    for a, b in itertools.pairwise(widths):
        parts += [nn.Linear(a, b), nn.ReLU()]
    return nn.Sequential(*parts[:-1])


def generator(case) -> nn.Sequential:
    if case.points:
        return perceptron(case.latent_dim, *POINTS_HIDDEN, case.channels)
    start, count = stages(case.size)
    channels = case.options["width"] << (count - 1)
    flat = start * start * channels
    parts = [
        nn.Linear(case.latent_dim, flat, bias=False),
        nn.BatchNorm1d(flat),
        nn.ReLU(),
        nn.Unflatten(1, (channels, start, start)),
    ]
    for _ in range(1, count):
        parts += [
            nn.ConvTranspose2d(channels, channels // 2, 4, 2, 1, bias=False),
            nn.BatchNorm2d(channels // 2),
            nn.ReLU(),
        ]
        channels //= 2
    return nn.Sequential(*parts, nn.ConvTranspose2d(channels, case.channels, 4, 2, 1), nn.Tanh())


def discriminator(case, normalized: bool) -> nn.Sequential:
    if case.points:
        return perceptron(case.channels, *POINTS_HIDDEN, 1)
    start, count = stages(case.size)
    channels = case.options["width"]
    parts = [nn.Conv2d(case.channels, channels, 4, 2, 1), nn.LeakyReLU(0.2)]
    for _ in range(1, count):
        parts.append(nn.Conv2d(channels, 2 * channels, 4, 2, 1, bias=not normalized))
        channels *= 2
        parts += [nn.BatchNorm2d(channels)] if normalized else []
        parts.append(nn.LeakyReLU(0.2))
    return nn.Sequential(
        *parts, nn.Flatten(), nn.Linear(start * start * channels, 1, bias=normalized)
    )


class Encoder(nn.Module):
    def __init__(self, case):
        super().__init__()
        (units,) = case.options["hidden_units"]
        self.hidden = nn.Linear(case.size**2 * case.channels, units)
        self.mean = nn.Linear(units, case.latent_dim)
        self.log_variance = nn.Linear(units, case.latent_dim)

    def forward(self, images):
        hidden = torch.tanh(self.hidden(images.flatten(1)))
        return self.mean(hidden), self.log_variance(hidden)


def decoder(case) -> nn.Sequential:
    (units,) = case.options["hidden_units"]
    return nn.Sequential(
        nn.Linear(case.latent_dim, units),
        nn.Tanh(),
        nn.Linear(units, case.size**2 * case.channels),
        nn.Unflatten(1, (case.channels, case.size, case.size)),
    )


def load(module: nn.Module, weights: list[np.ndarray], maps: tuple[int, int, int] | None = None):
    """Copies Keras's `weights`, in order; `maps` is the shape (height, width, channels) of the
    feature maps beside the dense layer of a convolutional network, which PyTorch flattens in
    another order."""
    weights = [torch.tensor(w) for w in weights]

    def flat(x):  # of the first axis: from (height, width, channels) to PyTorch's order
        if maps is None or len(x) != np.prod(maps):
            return x
        return x.reshape(*maps, *x.shape[1:]).movedim(2, 0).flatten(0, 2)

    with torch.no_grad():
        for layer in module.modules():
            if isinstance(layer, nn.Linear):
                kernel = weights.pop(0)
                outputs_are_maps = maps is not None and kernel.shape[1] == np.prod(maps)
                layer.weight.copy_(flat(kernel.T) if outputs_are_maps else flat(kernel).T)
            elif isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
                layer.weight.copy_(weights.pop(0).permute(3, 2, 0, 1))
            elif isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
                for name in ("weight", "bias", "running_mean", "running_var"):
                    getattr(layer, name).copy_(flat(weights.pop(0)))
                continue
            else:
                continue
            if layer.bias is not None:
                layer.bias.copy_(weights.pop(0))
    assert not weights


def half_step(step):
    """`step` with products and convolutions in bfloat16."""
    kind = torch.get_default_device().type

    def half(images, noise):
        with torch.autocast(kind, torch.bfloat16):
            return step(images, noise)

    return half


class Peer:
    """A loop in eager mode; `compiled` by `torch.compile`, whose `mode` "reduce-overhead" replays
    CUDA graphs; `half` in bfloat16. What it makes lies on torch's default device."""

    def __init__(
        self, case, weights, compiled: bool = False, mode: str | None = None, half: bool = False
    ):
        self.case = case
        build = VAE if case.family == "vae" else GAN
        self.model = build(case, weights)
        self.noise = self.model.noise
        step = half_step(self.model.step) if half else self.model.step
        self._step = torch.compile(step, mode=mode) if compiled else step

    def step(self, images, noise=None):
        if noise is None:
            noise = [DRAW[kind](shape) for kind, shape in self.noise]
        else:
            noise = [torch.tensor(x) for x in noise]
        return self._step(images, noise)

    def prepare(self, images):
        images = torch.tensor(images)
        if self.case.points:
            return images
        images = images.permute(0, 3, 1, 2)
        # On a GPU channels last are faster, as these are already.
        return images if images.device.type == "cuda" else images.contiguous()

    def batches(self, images):
        images = self.prepare(images)
        while True:
            order = torch.randperm(len(images))
            for i in range(len(images) // self.case.batch):
                yield images[order[i * self.case.batch : (i + 1) * self.case.batch]]

    @torch.no_grad()
    def sample(self, latents):
        return self.model.sampler(torch.tensor(latents)).cpu()

    def wait(self):
        pass


class GAN:
    """DCGAN, and WGAN-GP with its five critic steps."""

    def __init__(self, case, weights):
        self.wasserstein = case.family == "wgan_gp"
        maps = None
        if not case.points:
            start, count = stages(case.size)
            maps = (start, start, case.options["width"] << (count - 1))
        self.g, self.d = generator(case), discriminator(case, not self.wasserstein)
        load(self.g, weights["generator"], maps)
        load(self.d, weights["discriminator"], maps)
        self.ema = copy.deepcopy(self.g).requires_grad_(False).eval()
        self.sampler = self.ema
        rate, betas = (1e-4, (0.0, 0.9)) if self.wasserstein else (2e-4, (0.5, 0.999))
        self.g_optimizer, self.d_optimizer = (
            torch.optim.Adam(net.parameters(), rate, betas) for net in (self.g, self.d)
        )
        self.critic_steps = 5 if self.wasserstein else 1
        self.n = case.batch // self.critic_steps
        latents = ("normal", (self.n, case.latent_dim))
        mix = [("uniform", (self.n, 1, 1, 1))] if self.wasserstein else []
        self.noise = [latents, *mix] * self.critic_steps + [latents]
        self.seen = 0

    def step(self, images, noise):
        noise = list(noise)
        for i in range(self.critic_steps):
            real = images[i :: self.critic_steps]
            with torch.no_grad():
                fake = self.g(noise.pop(0))
            real_logits, fake_logits = self.d(real), self.d(fake)
            logs = {}
            if self.wasserstein:
                mix = noise.pop(0)
                between = (fake + mix * (real - fake)).requires_grad_()
                (slope,) = torch.autograd.grad(self.d(between).sum(), between, create_graph=True)
                norm = slope.flatten(1).square().sum(1).clamp(min=1e-12).sqrt()
                penalty = 10 * (norm - 1).square().mean()
                d_loss = fake_logits.mean() - real_logits.mean() + penalty
                logs["penalty"] = penalty.detach()
            else:
                d_loss = functional.softplus(-real_logits).mean()
                d_loss = d_loss + functional.softplus(fake_logits).mean()
            self.d_optimizer.zero_grad()
            d_loss.backward()
            self.d_optimizer.step()
        fake_logits = self.d(self.g(noise.pop(0)))
        g_loss = (
            -fake_logits.mean() if self.wasserstein else functional.softplus(-fake_logits).mean()
        )
        self.g_optimizer.zero_grad()
        g_loss.backward()
        self.g_optimizer.step()
        self.average(len(images))
        penalty = logs.get("penalty", 0.0)
        return {
            "discriminator_loss": d_loss.detach() - penalty,
            "generator_loss": g_loss.detach(),
            **logs,
        }

    @torch.no_grad()
    def average(self, images: int):
        """Half-life: 10,000 images, at most a twentieth of those seen."""
        self.seen += images
        decay = 0.5 ** (images / min(10_000, 0.05 * self.seen))
        averages, values = list(self.ema.parameters()), list(self.g.parameters())
        averages += [b for b in self.ema.buffers() if b.is_floating_point()]
        values += [b for b in self.g.buffers() if b.is_floating_point()]
        torch._foreach_lerp_(averages, values, 1 - decay)


class VAE:
    def __init__(self, case, weights):
        self.encoder, self.decoder = Encoder(case), decoder(case)
        load(self.encoder, weights["encoder"])
        load(self.decoder, weights["decoder"])
        parameters = [*self.encoder.parameters(), *self.decoder.parameters()]
        self.optimizer = torch.optim.Adam(parameters, 1e-3)
        self.noise = [("normal", (case.batch, case.latent_dim))]

    def step(self, images, noise):
        mean, log_variance = self.encoder(images)
        latents = mean + torch.exp(0.5 * log_variance) * noise[0]
        logits = self.decoder(latents)
        fits = functional.binary_cross_entropy_with_logits(logits, images, reduction="none")
        reconstruction = fits.flatten(1).sum(1).mean()
        kl = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1).mean()
        loss = reconstruction + kl
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return {"loss": loss.detach(), "reconstruction": reconstruction.detach(), "kl": kl.detach()}

    def sampler(self, latents):
        return torch.sigmoid(self.decoder(latents))
