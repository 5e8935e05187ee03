"""``activations``: what chosen layers of a model make of one picture."""

from collections.abc import Sequence

import numpy as np

from carvis.classifier import Classifier
from carvis.errors import ModelError
from carvis.explain.channels import last_of_each_size
from carvis.explain.display import Activations
from carvis.explain.passing import traced_pass


def activations(clf: Classifier, image: np.ndarray, layers: str | Sequence[str] | None = None) -> dict[str, np.ndarray]:
    """Return what layers of a model make of one picture, from one forward pass.

    Args:
        clf: the model with its size and preprocessing.
        image: uint8 (H, W, 3) or (H, W, 1) of any size.
        layers: None for every convolution (``clf.conv_layers``); a layer path, or several; ``last`` for
            ``clf.last_conv_layer``; ``completed`` for every convolution after the batch normalisation and the
            activation that follow it (``clf.completed_layers``); ``stages`` for the last of these at each size of map.

    Returns:
        The output of each layer by its path, float32 (h, w, c): a dict, which shows itself in a notebook.

    Raises:
        ModelError: no such layer, or one whose output is no map.
        ImageError: the array is no picture.
    """
    paths = tuple(dict.fromkeys(_paths(clf, layers)))
    outputs = traced_pass(clf, paths)(clf.prepare([image]))
    found = {path: of_layer.numpy()[0] for path, of_layer in zip(paths, outputs, strict=True)}
    return Activations({path: found[path] for path in last_of_each_size(found)} if layers == "stages" else found)


def _paths(clf: Classifier, layers: str | Sequence[str] | None) -> list[str]:
    if layers is None:
        found = clf.conv_layers
    elif layers in ("completed", "stages"):
        found = clf.completed_layers
    else:
        found = [layers] if isinstance(layers, str) else list(layers)
        found = [clf.last_conv_layer if one == "last" else one for one in found]
    if not found or None in found:
        raise ModelError(f"{clf.name} has no convolution with a map larger than 1x1: name a layer whose output is one.")
    return found
