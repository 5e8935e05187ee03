"""``LayerTree``: the layers of a model as its file nests them, along which the weights are looked up."""

from dataclasses import dataclass, field

import keras


@dataclass
class LayerTree:
    """A layer as the file names it, and the Keras 3 layer that it became.

    Args:
        name: as the file has it.
        kind: its class, as the file has it.
        trainable: as the file has it; the order of the weights of a nested model depends on it.
        layer: the Keras 3 layer that holds its weights; None until it is built.
        children: the layers of a nested model, in the file's order, or the model that a wrapper wraps.
    """

    name: str
    kind: str
    trainable: bool = True
    layer: keras.Layer = None
    children: list["LayerTree"] = field(default_factory=list)


def mark_frozen(tree: LayerTree) -> None:
    """Freeze the layers that the file marks as frozen, outermost first, once weight order no longer matters."""
    if not tree.trainable:
        tree.layer.trainable = False
    for child in tree.children:
        mark_frozen(child)
