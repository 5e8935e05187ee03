"""Which layers of a model a heatmap explains: their paths, their calls, and what has to be known of them."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from carvis.classifier import Classifier
from carvis.errors import ModelError
from carvis.language import Message

Layer = str | tuple[str, ...] | None


def named_layer(clf: Classifier, layer: str | None) -> str | None:
    """Return the path of the layer that ``last`` or ``default`` (or None) stands for; of any other path the path.

    Returns:
        None where the model has no such layer.
    """
    return {None: clf.default_layer, "default": clf.default_layer, "last": clf.last_conv_layer}.get(layer, layer)


def layer_paths(clf: Classifier, layer: Layer) -> tuple[str, ...]:
    """Return the paths of the layers that are fused to one heatmap, and check that each has a map.

    Raises:
        ModelError: no such layer, or one without a map.
    """
    names = (layer,) if layer is None or isinstance(layer, str) else layer
    paths = tuple(path for path in (named_layer(clf, name) for name in names) if path is not None)
    if not paths or len(paths) < len(names):
        raise ModelError(clf.layer_graph.why_no_default)
    for path in paths:
        clf.map_calls(path)
    return paths


@dataclass(frozen=True)
class LayerChoice:
    """The layers that a pass through the model has to hand out, for all heatmaps of a request.

    Attributes:
        paths: of each requested layer the paths that are fused.
        calls: of each of these paths the paths of its calls; of a layer called once its own.
        hooked: all of these calls, in the model's order.
        notes: what has to be known of the heatmaps of each requested layer.
    """

    paths: dict[Layer, tuple[str, ...]] = field(default_factory=dict)
    calls: dict[str, list[str]] = field(default_factory=dict)
    hooked: tuple[str, ...] = ()
    notes: dict[Layer, tuple[Message, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, clf: Classifier, layers: Iterable[Layer]) -> "LayerChoice":
        """Find the layers in a model.

        Raises:
            ModelError: no such layer, or one without a map.
        """
        paths = {layer: layer_paths(clf, layer) for layer in layers}
        order = {call.path: place for place, call in enumerate(clf.layer_graph.calls)}
        calls = {
            path: [call.path for call in clf.layer_graph.members(path)] for fused in paths.values() for path in fused
        }
        return cls(
            paths,
            calls,
            hooked=tuple(sorted({path for members in calls.values() for path in members}, key=order.__getitem__)),
            notes={
                layer: tuple(dict.fromkeys(note for path in fused for note in clf.layer_graph.notes(path)))
                for layer, fused in paths.items()
            },
        )

    def in_order(self, layer: Layer) -> list[str]:
        """Return the paths of a requested layer, from the shallowest to the deepest."""
        return sorted(self.paths[layer], key=lambda path: self.hooked.index(self.calls[path][-1]))
