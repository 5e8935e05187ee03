"""``activations``: what chosen layers of a model make of one picture."""

from collections.abc import Sequence

import numpy as np

from carvis.classifier import Classifier
from carvis.classifier.geometry.frame import Frame
from carvis.errors import ModelError
from carvis.explain.display import Activations
from carvis.explain.input_frame import Image, as_seen, turn_for, upright_maps
from carvis.explain.keras.layer_outputs import traced_pass
from carvis.explain.layers import named_layer
from carvis.explain.units.channels import last_of_each_size
from carvis.language import Message


def activations(clf: Classifier, image: Image, layers: str | Sequence[str] | None = None) -> dict[str, np.ndarray]:
    """Return what layers of a model make of one picture, from one forward pass.

    Args:
        clf: the model with its size and preprocessing.
        image: uint8 (H, W, 3) or (H, W, 1) of any size; or a file, or its bytes, which is read as the model reads: what
            is returned then lies on the upright image.
        layers: None for every convolution (``clf.conv_layers``); a layer path, or several; ``last`` for
            ``clf.last_conv_layer``, ``default`` for ``clf.default_layer``; ``completed`` for every convolution after
            the batch normalisation and the activation that follow it (``clf.completed_layers``); ``stages`` for the
            last of these at each size of map.

    Returns:
        The output of each layer by its path, float32 (h, w, c): a dict, which shows itself in a notebook. What a layer
        made of the image mirrored or turned inside the model is turned back, so that it lies as the image does.

    Raises:
        ModelError: no such layer, or one whose output is no map.
        ImageError: the array is no picture, or the file cannot be read.
    """
    paths = tuple(dict.fromkeys(_paths(clf, layers)))
    outputs = traced_pass(clf, paths)(clf.prepare([as_seen(clf, image)]))
    frames = [clf.layer_graph.frame(clf.map_layer(path)) or Frame() for path in paths]
    laid = [frame.turned_back(output.numpy())[0] for frame, output in zip(frames, outputs, strict=True)]
    found = dict(zip(paths, upright_maps(laid, turn_for(clf, image)), strict=True))
    return Activations({path: found[path] for path in last_of_each_size(found)} if layers == "stages" else found)


def _paths(clf: Classifier, layers: str | Sequence[str] | None) -> list[str]:
    if layers is None:
        found = clf.conv_layers
    elif layers in ("completed", "stages"):
        found = clf.completed_layers
    else:
        found = [layers] if isinstance(layers, str) else list(layers)
        found = [path for name in found for path in _calls(clf, named_layer(clf, name))]
    if not found or None in found:
        raise ModelError(
            Message(
                "{model} has no convolution with a map larger than 1x1: name a layer whose output is one.",
                model=clf.name,
            )
        )
    return found


def _calls(clf: Classifier, path: str | None) -> list[str | None]:
    """List each call that a path stands for."""
    if path is None or path not in clf.layer_graph.groups:
        return [path]
    return [call.path for call in clf.layer_graph.groups[path]]
