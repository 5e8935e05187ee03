"""``activations``: the outputs of chosen layers of a model for one image."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from carvis.classifier import Classifier
from carvis.classifier.geometry.frame import Frame
from carvis.errors import ModelError
from carvis.explain.display import Activations
from carvis.explain.input_frame import Image, as_seen, turn_for, upright_maps
from carvis.explain.keras.layer_outputs import traced_pass
from carvis.explain.layers import named_layer
from carvis.explain.units.channels import last_of_each_size
from carvis.language import Message


def activations(
    clf: Classifier, image: Image, layers: str | Sequence[str] | None = None
) -> dict[str, NDArray[np.float32]]:
    """Return the outputs of layers of a model for one image, from one forward pass.

    Args:
        clf: the model with its size and preprocessing.
        image: uint8 (H, W, 3) or (H, W, 1) of any size; or a file, or its bytes, which is read as the model reads it:
            the result then lies on the upright image.
        layers: None for every convolution (``clf.conv_layers``); a layer path, or several; ``last`` for
            ``clf.last_conv_layer``, ``default`` for ``clf.default_layer``; ``completed`` for every convolution after
            the batch normalisation and the activation that follow it (``clf.completed_layers``); ``stages`` for the
            last of these at each size of map.

    Returns:
        The output of each layer by its path, float32 (h, w, c): a dict, which shows itself in a notebook. Where the
        model mirrors or turns the image inside, the output is turned back, so that it lies as the image does.

    Raises:
        ModelError: no such layer, or one whose output is no map.
        ImageError: the array is not an image, or the file cannot be read.
    """
    paths = tuple(dict.fromkeys(_paths(clf, layers)))
    outputs = traced_pass(clf, paths)(clf.prepare([as_seen(clf, image)]))
    frames = [clf.layer_graph.frame(clf.map_layer(path)) or Frame() for path in paths]
    laid = [frame.turned_back(output.numpy())[0] for frame, output in zip(frames, outputs, strict=True)]
    maps = dict(zip(paths, upright_maps(laid, turn_for(clf, image)), strict=True))
    return Activations({path: maps[path] for path in last_of_each_size(maps)} if layers == "stages" else maps)


def _paths(clf: Classifier, layers: str | Sequence[str] | None) -> list[str]:
    paths: list[str | None]
    if layers is None:
        paths = [*clf.conv_layers]
    elif layers in ("completed", "stages"):
        paths = [*clf.completed_layers]
    else:
        names = [layers] if isinstance(layers, str) else layers
        paths = [call for path in names for call in _calls(clf, named_layer(clf, path))]
    reachable = [path for path in paths if path is not None]
    if not reachable or len(reachable) < len(paths):
        raise ModelError(
            Message(
                "{model} has no convolution with a feature map larger than 1x1: name a layer with such an output.",
                model=clf.name,
            )
        )
    return reachable


def _calls(clf: Classifier, path: str | None) -> list[str | None]:
    """List each call that a path stands for."""
    if path is None or path not in clf.layer_graph.groups:
        return [path]
    return [call.path for call in clf.layer_graph.groups[path]]
