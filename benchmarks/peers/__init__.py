"""Loops written by hand, one file a framework, as its users write them: what the zoo is compared
with.

Each file has `Peer(case, weights)`, where `weights` are those of the zoo's networks by name, in
the order of Keras's `get_weights`:

- `step(images, noise=None)`: one step on a batch of the case; returns the losses by name, as
  tensors. `noise` are the random arrays that it would draw itself, in order: those of the kinds,
  `"normal"` or `"uniform"`, and shapes of `Peer.noise`.
- `prepare(images)`: images `(batch, height, width, channels)` as what `step` takes.
- `batches(images)`: an endless stream of random batches of what `step` takes.
- `sample(latents)`: the images of the averaged generator, or of the decoder.
- `wait()`: until all that was started is done.
"""
