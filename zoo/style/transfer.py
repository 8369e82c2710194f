"""The transfer of styles to images, after Gatys et al. 2016."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import keras
import numpy as np

from zoo.engine.descent import Rule
from zoo.errors import ArgumentError, check_choice, check_count, check_number
from zoo.style import colors as of_colors
from zoo.style.features import Features, source_of
from zoo.style.images import check_images, check_region, check_start, shuffled
from zoo.style.measuring import gram_errors
from zoo.style.objective import Objective, Style, Wanted
from zoo.style.synthesis import Options, Synthesized, synthesized

STARTS = ("content", "noise")


class StyleTransfer:
    """The transfer of styles of pictures to the content of other pictures, by descent on pixels.

    It minimises, over the images x in [0, 1], equation 7 of Gatys, Ecker and Bethge 2016,
    https://doi.org/10.1109/CVPR.2016.265: a L_content(x) + b L_style(x), and c TV(x) beside it. The
    content is compared by feature maps F of a frozen network, L_content = sum_l v_l |F_l(x) -
    F_l(content)|^2 / |F_l(content)|^2, and the style by their Gram matrices G, L_style = sum_l w_l
    |G_l(x) - G_l(style)|^2 / |G_l(style)|^2. G holds the mean product of each pair of channels over
    all places, so that it knows which features go together and not where. TV is the mean squared
    difference of neighbouring pixels. Nothing is trained, and no weight changes.

    All errors are relative to the size of what is wanted, so that one set of weights suits each
    network, each layer and each size.

    Args:
        features: the network: a preset of the zoo that classifies, such as `"features_natural"`;
            `"squeezenet"`, with `weights`; the name of a network of `keras.applications`, such as
            `"vgg19"`, whose weights Keras fetches on first use; or a functional Keras model from
            images in [0, 1].
        content_layers: the names of the layers of the content, or a dict from names to weights.
            There are defaults for `"features_natural"`, `"squeezenet"`, `"vgg16"` and `"vgg19"`.
        style_layers: those of the style.
        weights: a file of weights: for `"squeezenet"` an `.npz` file, which is needed; for networks
            of `keras.applications` a file in place of the fetched one.
        prepare: for a Keras model, a function from a tensor of images in [0, 1] to what the model
            takes.

    Raises:
        ValueError: if there is no such network or layer, or a weight is negative.

    Example:

    >>> import numpy as np, zoo
    >>> network = zoo.networks.vgg.body((32, 32, 3), width=2)
    >>> layers = {"content_layers": "relu2_2", "style_layers": ["relu1_1", "relu2_1"]}
    >>> transfer = zoo.style.StyleTransfer(network, **layers)
    >>> content, style = np.random.default_rng(0).random((2, 16, 16, 3))
    >>> transfer.transfer(content, style, steps=2).images.shape
    (1, 16, 16, 3)

    Differs from the paper: errors are relative; colours stay in [0, 1]; the networks beside VGG.
    """

    def __init__(
        self,
        features: str | Path | keras.Model = "features_natural",
        *,
        content_layers: str | Sequence[str] | Mapping[str, float] | None = None,
        style_layers: str | Sequence[str] | Mapping[str, float] | None = None,
        weights: str | Path | None = None,
        prepare: Callable | None = None,
    ):
        source = source_of(features, weights, prepare)
        content = source.layers("content_layers", content_layers, "content")
        style = source.layers("style_layers", style_layers, "style")
        self.source = source
        self.objective = Objective(Features(source, [*content, *style]), content, style)

    @property
    def channels(self) -> int:
        """The channels of the images, 3 for colour."""
        return self.objective.features.channels

    def transfer(
        self,
        content,
        style,
        *,
        style_weights: Sequence[float] | None = None,
        masks: Sequence | None = None,
        style_masks: Sequence | None = None,
        content_weight: float = 0.02,
        style_weight: float = 1.0,
        tv_weight: float = 0.05,
        colors: str | None = None,
        start: str | np.ndarray = "content",
        scales: int = 1,
        steps: int = 200,
        rule: str | Rule = "lbfgs",
        seed: int = 0,
        batch_size: int = 4,
        progress: bool = True,
        stops: Callable[[], bool] | None = None,
    ) -> Synthesized:
        """Return images with the content of `content` and the styles of `style`.

        Args:
            content: 8-bit images, or numbers in [0, 1], of shape `(height, width, channels)` or
                `(n, height, width, channels)`.
            style: a picture of any size, or a list of them. The size of its strokes is that of the
                picture: a smaller picture has smaller strokes.
            style_weights: the weight of each style; by default all weigh the same.
            masks: for each style the region of the content that gets it, 1 or True there, of shape
                `(height, width)`, or `None` for all of it.
            style_masks: for each style the region of its picture that counts, or `None` for all.
            content_weight: the weight of the content; more keeps more of it.
            style_weight: the weight of all styles together.
            tv_weight: the weight of the total variation; more makes smoother images.
            colors: `"luminance"` keeps the colours of the content and takes light and dark alone
                from the style; `"histogram"` first gives the style the mean colour and the
                covariance of colours of the content. `None` takes the colours of the style.
            start: `"content"`; `"noise"`, pixels of the content in random order; or images.
            scales: the number of sizes, from small to large, each twice as large as the one before:
                small images get large forms.
            steps: the evaluations at each size.
            rule: the rule of descent, `"lbfgs"` or `"adam"`, or an object with settings.
            seed: the seed of the noise.
            batch_size: the number of images that are computed at once, on which no result depends.
            progress: whether a bar is shown, on a terminal.
            stops: a function that is asked after each step whether it was the last one. Without it
                Ctrl-C ends the descent, and the images until then are returned.

        Returns:
            The images, the loss of each, and its history. With `colors="luminance"` the losses are
            those of the grey images, before the colours come back.

        Raises:
            ValueError: if an argument has a wrong value.
        """
        options = Options.of(scales, steps, rule, batch_size, progress, stops)
        channels = self.channels
        content = check_images("content", content, channels)
        weights = {"content_weight": content_weight, "style_weight": style_weight}
        weights |= {"tv_weight": tv_weight}
        weights = {name: check_number(name, weight) for name, weight in weights.items()}
        if not any(weights.values()):
            raise ArgumentError(
                "content_weight, style_weight or tv_weight must be above 0. Received: zeros alone."
            )
        styles = _styles(style, style_weights, masks, style_masks, content.shape[1:3], channels)
        compared, styles = _recolored(colors, content, styles)
        wanted = Wanted(compared, styles, **weights)
        begin = _begin(start, compared, check_count("seed", seed, minimum=0))
        result = synthesized(self.objective, wanted, begin, content.shape[1:3], options)
        if colors == "luminance":
            result = result._replace(images=of_colors.with_luminance_of(content, result.images))
        return result

    def gram_errors(self, images, style, layers: Sequence[str] | None = None) -> dict:
        """Return the relative error of the Gram matrix of each layer.

        It is |G(x) - G(style)|^2 / |G(style)|^2, of the layers of the style or of others.

        Args:
            images: the images, as for `transfer`.
            style: one picture.
            layers: the names of the layers; by default those of the style.

        Returns:
            A dict from the names to float64 arrays of shape `(n,)`.

        Raises:
            ValueError: if there is no such layer, or the images have another shape or range.
        """
        layers = layers or list(self.objective.style_layers)
        return gram_errors(self.source, layers, images, style, "style")


def _styles(
    style, weights, masks, style_masks, size: tuple[int, int], channels: int
) -> list[Style]:
    """Return the styles of the arguments of `transfer`, whose weights have the sum 1."""
    pictures = list(style) if isinstance(style, list | tuple) else [style]
    if not pictures:
        raise ArgumentError("style must be a picture or a list of pictures. Received: none.")
    weights = _for_each("style_weights", weights, pictures, 1.0)
    masks = _for_each("masks", masks, pictures, None)
    style_masks = _for_each("style_masks", style_masks, pictures, None)
    weights = [check_number(f"style_weights[{i}]", weight) for i, weight in enumerate(weights)]
    if not sum(weights):
        raise ArgumentError("style_weights must have one above 0. Received: zeros alone.")
    styles = []
    for i, picture in enumerate(pictures):
        name = f"style[{i}]" if len(pictures) > 1 else "style"
        image = check_images(name, picture, channels, many=False)
        taken = check_region(f"style_masks[{i}]", style_masks[i], image.shape[1:3])
        region = check_region(f"masks[{i}]", masks[i], size)
        styles.append(Style(image, taken, region, weights[i] / sum(weights)))
    return styles


def _for_each(argument: str, values, pictures: list, default) -> list:
    """Return the value of each picture, or raise unless there is one for each."""
    if values is None:
        return [default] * len(pictures)
    several = isinstance(values, list | tuple)
    if isinstance(values, np.ndarray) and len(pictures) > 1:
        several = values.ndim > 0
    values = list(values) if several else [values]
    if len(values) != len(pictures):
        raise ArgumentError(
            f"{argument} must have one for each of {len(pictures)} styles. Received: {len(values)}."
        )
    return values


def _recolored(
    colors: str | None, content: np.ndarray, styles: list[Style]
) -> tuple[np.ndarray, list[Style]]:
    """Return the content and the styles in the colours that they are compared in."""
    if colors is None:
        return content, styles
    check_choice("colors", colors, of_colors.COLORS)
    if content.shape[-1] != len(of_colors.LUMINANCE):
        raise ArgumentError(
            f"colors must be None for images of {content.shape[-1]} channels. Received: {colors!r}."
        )
    if colors == "luminance":
        content = of_colors.grey(content)
        styles = [style._replace(image=of_colors.grey(style.image)) for style in styles]
    matched = []
    for style in styles:
        image, regions = style.image[0], (style.taken, style.region)
        each = [of_colors.matched(image, one, *regions) for one in content]
        matched.append(style._replace(image=np.stack(each)))
    return content, matched


def _begin(start, content: np.ndarray, seed: int) -> Callable:
    """Return the function from a height and width to the images of the start."""
    if not isinstance(start, str):
        images = check_start(start, content.shape)
        return lambda size: images
    check_choice("start", start, STARTS)
    if start == "content":
        return lambda size: content
    return lambda size: shuffled(content, len(content), size, seed)
